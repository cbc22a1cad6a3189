import type { Command, ImageId, StacksFact, TlsStack } from '../event/index.js';
import { Images } from './images.js';
import { Newcomers } from './newcomers.js';
import { takeToken, type WatchedProcess } from './watched-process.js';

/**
 * Asks what a process maps: one question at a time, and no more than its share. A program that is known is asked about
 * only when it lives on: its libraries are not mapped at exec, and to look at each of a thousand short-lived
 * processes a second costs more than all the rest that is done for them.
 */
export class Lookups {
  readonly #images = new Images();
  readonly #newcomers = new Newcomers();
  #asked = 0;
  #refused = 0;

  ask(process: WatchedProcess, nowNs: bigint): Command[] {
    // What is being found out is of before: it may have mapped a stack since.
    if (process.lookingUp) process.again = true;
    if (process.lookingUp || process.endedNs !== null) return [];
    if (!takeToken(process, nowNs)) {
      this.#refused += 1;
      return [];
    }
    this.#asked += 1;
    process.lookingUp = true;
    process.asked = process.image;
    return [{ do: 'look_up_stacks', key: process.key }];
  }

  /** It runs this program from now on: what is known of it, and what has to be asked. */
  runs(
    process: WatchedProcess,
    image: ImageId,
    nowNs: bigint,
  ): { readonly stacks: readonly TlsStack[]; readonly commands: Command[] } {
    process.image = image;
    const stacks = this.#images.get(image);
    if (stacks === null) return { stacks: [], commands: this.ask(process, nowNs) };
    this.#newcomers.add(process, nowNs);
    return { stacks, commands: [] };
  }

  /** What was asked is answered; it is asked once more where something happened meanwhile. */
  answered(
    process: WatchedProcess,
    { stacks, gone, pending }: StacksFact,
    nowNs: bigint,
  ): Command[] {
    process.lookingUp = pending;
    const { image, asked, again } = process;
    if (gone || pending) return [];
    if (image !== null && asked === image) this.#images.learn(image, stacks);
    process.again = false;
    return again ? this.ask(process, nowNs) : [];
  }

  /** Those that live on. */
  due(nowNs: bigint): Command[] {
    return this.#newcomers.due(nowNs).flatMap((process) => this.ask(process, nowNs));
  }

  stats(): { lookups: number; lookupsRefused: number } {
    return { lookups: this.#asked, lookupsRefused: this.#refused };
  }
}
