import type { Command } from '../event/index.js';
import { takeToken, type WatchedProcess } from './watched-process.js';

/** Asks what a process maps: one question at a time, and no more than its share. */
export class Lookups {
  #asked = 0;
  #refused = 0;

  ask(process: WatchedProcess, nowNs: bigint): Command[] {
    if (process.lookingUp || process.endedNs !== null) return [];
    if (!takeToken(process, nowNs)) {
      this.#refused += 1;
      return [];
    }
    this.#asked += 1;
    process.lookingUp = true;
    return [{ do: 'look_up_stacks', key: process.key }];
  }

  stats(): { lookups: number; lookupsRefused: number } {
    return { lookups: this.#asked, lookupsRefused: this.#refused };
  }
}
