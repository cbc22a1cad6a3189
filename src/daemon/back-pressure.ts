import type { JournalStats } from '../journal/index.js';

/**
 * Bytes waiting for the disk at which the rings are left alone, and at which they are read again. A batch is some times
 * larger as records of the journal, and all of it comes at once: there must be room for one when another is read.
 */
const PAUSE_BYTES = 2 * 1024 * 1024;
const RESUME_BYTES = 1024 * 1024;

/**
 * Stops reading the rings while the disk is slower than the events: the kernel then counts what does not fit. A disk that
 * takes nothing at all is no reason to stop: the sensors run on and the journal counts.
 */
export class BackPressure {
  #paused = false;

  constructor(private readonly kernel: { pause(): void; resume(): void }) {}

  get paused(): boolean {
    return this.#paused;
  }

  check({ backlogBytes, stalled }: Pick<JournalStats, 'backlogBytes' | 'stalled'>): void {
    const tooMuch = stalled === null && backlogBytes > (this.#paused ? RESUME_BYTES : PAUSE_BYTES);
    if (tooMuch === this.#paused) return;
    this.#paused = tooMuch;
    if (tooMuch) this.kernel.pause();
    else this.kernel.resume();
  }
}
