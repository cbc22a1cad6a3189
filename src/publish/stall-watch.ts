import type { PublishEvent } from './events.js';

const STALLED_MS = 30_000;

/** Says once that nothing moves, and once that it moves again. */
export class StallWatch {
  private movedMs = Date.now();
  private said = false;

  constructor(
    private readonly onEvent: (event: PublishEvent) => void,
    private readonly stalledMs = STALLED_MS,
  ) {}

  get stalled(): boolean {
    return this.said;
  }

  /** Something was acknowledged. */
  progress(backlog: bigint): void {
    const afterMs = Date.now() - this.movedMs;
    this.movedMs = Date.now();
    if (!this.said) return;
    this.said = false;
    this.onEvent({ event: 'resumed', afterMs, backlog });
  }

  /** Now and then. */
  tick(backlog: bigint): void {
    if (backlog <= 0n) {
      this.progress(0n);
    } else if (!this.said && Date.now() - this.movedMs >= this.stalledMs) {
      this.said = true;
      this.onEvent({ event: 'stalled', afterMs: Date.now() - this.movedMs, backlog });
    }
  }
}
