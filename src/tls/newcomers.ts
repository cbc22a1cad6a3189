import type { WatchedProcess } from './watched-process.js';

/** The dynamic linker has mapped everything by then; most short-lived programs have ended. */
const SETTLED_NS = 25_000_000n;
const NEWCOMERS_MAX = 8192;

interface Newcomer {
  readonly process: WatchedProcess;
  readonly dueNs: bigint;
}

/** Processes that have just executed something, in that order. One too many is looked at with its first flow, or after 5 s. */
export class Newcomers {
  #waiting: Newcomer[] = [];

  add(process: WatchedProcess, nowNs: bigint): void {
    if (this.#waiting.length >= NEWCOMERS_MAX) return;
    this.#waiting.push({ process, dueNs: nowNs + SETTLED_NS });
  }

  /** Those whose program is loaded by now. */
  due(nowNs: bigint): WatchedProcess[] {
    const first = this.#waiting.findIndex(({ dueNs }) => dueNs > nowNs);
    const due = this.#waiting.splice(0, first < 0 ? this.#waiting.length : first);
    return due.map(({ process }) => process);
  }
}
