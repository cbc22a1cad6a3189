import type { ProcessId } from '../event/index.js';
import type { DnsQuestion } from './dns-question.js';
import { LruMap } from './lru-map.js';

const PROCESSES_MAX = 8192;
const QUESTIONS_MAX = 16;
const WINDOW_NS = 10_000_000_000n;

interface Asked {
  readonly name: string;
  readonly type: string;
  readonly atNs: bigint;
}

/**
 * The names a process asked for lately. Answers are not seen, so a name is given to a flow only when no other name could
 * have led to it.
 */
export class AskedNames {
  readonly #asked = new LruMap<ProcessId, Asked[]>(PROCESSES_MAX);

  ask(process: ProcessId, question: DnsQuestion, atNs: bigint): void {
    const asked = this.#asked.get(process) ?? [];
    asked.push({ ...question, atNs });
    if (asked.length > QUESTIONS_MAX) asked.shift();
    this.#asked.set(process, asked);
  }

  /** The only name whose answer can have been the address of a flow opened at `openedNs`, or null. */
  nameFor(process: ProcessId, family: 'ipv4' | 'ipv6', openedNs: bigint): string | null {
    const wanted = family === 'ipv4' ? 'A' : 'AAAA';
    const names = (this.#asked.get(process) ?? [])
      .filter(
        ({ type, atNs }) => type === wanted && atNs <= openedNs && openedNs - atNs <= WINDOW_NS,
      )
      .map(({ name }) => name);
    const last = names.at(-1);
    if (last === undefined) return null;
    // A resolver tries a short name with and without its search domains and stops at the first answer: one name asked.
    const [shortest = last] = [...names].sort((a, b) => a.length - b.length);
    const isOneName = names.every((name) => name === shortest || name.startsWith(`${shortest}.`));
    return isOneName ? last : null;
  }
}
