import type { Known } from './process-book.js';

const DOUBTS_MAX = 1024;
/** Longer than the record of an exec takes to arrive. */
const WAIT_NS = 1_000_000_000n;

/**
 * Processes that do not look as they did at their exec. The record of a later exec may be on its way, so a second look
 * must say the same. When there is no room, the new one is not doubted, and counted.
 */
export class Doubts {
  readonly #open = new Set<Known>();
  #refused = 0;

  /** `way`: what this look contradicts; null: nothing. True: a second look said the same. */
  confirms(known: Known, way: string | null): boolean {
    const { doubt } = known;
    if (way === null) {
      this.delete(known);
      return false;
    }
    if (doubt?.again === true && doubt.way === way) {
      this.delete(known);
      return true;
    }
    if (doubt !== null && doubt.way === way) return false;
    if (this.#open.size >= DOUBTS_MAX && !this.#open.has(known)) {
      this.#refused += 1;
      return false;
    }
    known.doubt = { way, sinceNs: null, again: false };
    this.#open.add(known);
    return false;
  }

  /** Whoever must be looked at again now. */
  due(nowNs: bigint): readonly Known[] {
    const due: Known[] = [];
    for (const known of this.#open) {
      const { doubt } = known;
      if (doubt === null || known.ended) this.delete(known);
      else if (doubt.sinceNs === null) doubt.sinceNs = nowNs;
      else if (!doubt.again && nowNs - doubt.sinceNs >= WAIT_NS) {
        doubt.again = true;
        due.push(known);
      }
    }
    return due;
  }

  delete(known: Known): void {
    known.doubt = null;
    this.#open.delete(known);
  }

  stats(): { doubts: number; doubtsRefused: number } {
    return { doubts: this.#open.size, doubtsRefused: this.#refused };
  }
}
