/** What one search may take. */
const MOST_MS = 200;
/** And all of them together: a quarter of the time. Somebody who makes us search cannot keep us from all else. */
const SHARE = 0.25;
/** Enough for a machine with a few hundred processes, however busy we were. */
const LEAST_MS = 20;

/** Time for searches through all processes, which somebody watched can cause as often as they like. */
export class TimeBudget {
  #leftMs = MOST_MS;
  #sinceMs: number;
  readonly #nowMs: () => number;

  /** `nowMs`: any clock that goes on evenly. */
  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#sinceMs = nowMs();
  }

  /** Runs a search that asks, between its steps, whether its time is over. */
  spend<T>(search: (isOver: () => boolean) => T): T {
    const beganMs = this.#nowMs();
    this.#leftMs = Math.min(MOST_MS, this.#leftMs + (beganMs - this.#sinceMs) * SHARE);
    const untilMs = beganMs + Math.max(LEAST_MS, this.#leftMs);
    try {
      return search(() => this.#nowMs() >= untilMs);
    } finally {
      this.#sinceMs = this.#nowMs();
      this.#leftMs = Math.max(0, this.#leftMs - (this.#sinceMs - beganMs));
    }
  }
}
