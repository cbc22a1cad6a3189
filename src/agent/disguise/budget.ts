/**
 * So many at once, and so many a second after: what an agent can have us do for it costs it more than us. Time is that of
 * the events.
 */
export class Budget {
  readonly #most: number;
  readonly #perSecond: number;
  #left: number;
  #atNs = 0n;

  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perSecond = perSecond;
    this.#left = most;
  }

  /** False: it is used up for now. `nowNs`: CLOCK_BOOTTIME. */
  take(nowNs: bigint): boolean {
    if (nowNs > this.#atNs) {
      const gained = (Number(nowNs - this.#atNs) / 1e9) * this.#perSecond;
      this.#left = Math.min(this.#most, this.#left + gained);
      this.#atNs = nowNs;
    }
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
