import type { Known } from './process-book.js';

const WAITING_MAX = 4096;
/** Ticks come ten times a second; a look reads a handful of small files. */
const LOOKS_PER_TICK = 8;
/** Tools that end sooner cost no look. */
const AFTER_NS = 1_000_000_000n;

/**
 * Processes that are looked at once when they have lived for a second since their exec, in the order of their execs. When
 * there is no room, the new one is not looked at, and counted.
 */
export class LaterLooks {
  readonly #waiting = new Set<Known>();
  #refused = 0;

  add(known: Known): void {
    if (this.#waiting.size < WAITING_MAX) this.#waiting.add(known);
    else this.#refused += 1;
  }

  /** Whoever must be looked at now; the rest of them with the next ticks. `nowNs`: CLOCK_BOOTTIME. */
  due(nowNs: bigint): readonly Known[] {
    const due: Known[] = [];
    for (const known of this.#waiting) {
      if (due.length >= LOOKS_PER_TICK || nowNs - known.origin.bootNs < AFTER_NS) break;
      this.#waiting.delete(known);
      due.push(known);
    }
    return due;
  }

  delete(known: Known): void {
    this.#waiting.delete(known);
  }

  stats(): { looksWaiting: number; looksRefused: number } {
    return { looksWaiting: this.#waiting.size, looksRefused: this.#refused };
  }
}
