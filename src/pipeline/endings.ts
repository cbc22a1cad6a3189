import type { ExitEvent, KernelEvent } from '../event/index.js';

const HELD_MAX = 65_536;
const HOLD_NS = 10_000_000_000n;

/**
 * Ends of processes behind all that these did. A batch has causes before effects, so where more plaintext waits than it
 * has room for, the end of a process comes before the last of its plaintext. What a process did has its place in the
 * ring before anything that was done after its end, whoever did it: that, or empty rings, say that nothing more comes.
 */
export class Endings {
  #held: ExitEvent[] = [];
  readonly #stats = { held: 0, hurried: 0 };

  /** Events of a batch, in order of time, with the ends that are due. `drained`: every ring was empty behind it. */
  order(events: readonly KernelEvent[], drained: boolean): KernelEvent[] {
    const ordered: KernelEvent[] = [];
    for (const event of events) {
      if (event.origin.ring === 'payload') ordered.push(...this.#before(event.origin.bootNs));
      if (event.kind === 'exit' && !drained) ordered.push(...this.#hold(event));
      else ordered.push(event);
    }
    if (drained) ordered.push(...this.#take(this.#held.length));
    return ordered;
  }

  /** Ends for which the rings were not emptied in all that time: a record may be stuck. */
  tick(bootNs: bigint): KernelEvent[] {
    const due = this.#before(bootNs - HOLD_NS);
    this.#stats.hurried += due.length;
    return due;
  }

  stats(): { waiting: number; held: number; hurried: number } {
    return { waiting: this.#held.length, ...this.#stats };
  }

  #hold(event: ExitEvent): ExitEvent[] {
    this.#held.push(event);
    this.#stats.held += 1;
    if (this.#held.length <= HELD_MAX) return [];
    this.#stats.hurried += 1;
    return this.#take(1);
  }

  /** They came in order of time. */
  #before(bootNs: bigint): ExitEvent[] {
    const later = this.#held.findIndex(({ origin }) => origin.bootNs >= bootNs);
    return this.#take(later < 0 ? this.#held.length : later);
  }

  #take(count: number): ExitEvent[] {
    return this.#held.splice(0, count);
  }
}
