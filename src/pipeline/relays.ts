import {
  processId,
  type ExecEvent,
  type ForkEvent,
  type NamedFact,
  type ProcessId,
  type ProcessKey,
  type UnixOpenEvent,
  type UnixPeerFact,
} from '../event/index.js';
import { type Agent, type HandOffLink, HandOffs, type HandOffStep } from '../agent/index.js';
import type { Output } from './output.js';

const EXPECTED_MAX = 4096;
/** A worker that a server forks for each request never executes anything. */
const PATIENCE_NS = 10_000_000_000n;

/** Processes that run what an agent asked them to, and what they have just forked. */
export class Relays {
  readonly #handOffs = new HandOffs();
  readonly #output: Output;
  /** Children of relays that have not executed anything, by when they were forked. */
  readonly #expected = new Map<ProcessId, { readonly key: ProcessKey; readonly sinceNs: bigint }>();
  #refused = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  exec(event: ExecEvent, agent: Agent): void {
    this.#do(this.#handOffs.exec(event, agent));
  }

  unixOpen(event: UnixOpenEvent, agent: Agent): void {
    this.#do(this.#handOffs.unixOpen(event, agent));
  }

  fact(fact: UnixPeerFact | NamedFact, isMember: (key: ProcessKey) => boolean): void {
    this.#do(this.#handOffs.fact(fact, isMember));
  }

  /** A relay forked: its child is a pending root. False: there is no room to wait for it. */
  forked(event: ForkEvent): boolean {
    if (this.#expected.size >= EXPECTED_MAX) {
      this.#refused += 1;
      return false;
    }
    this.#handOffs.forked(event);
    const { child, origin } = event;
    this.#expected.set(processId(child), { key: child, sinceNs: origin.bootNs });
    return true;
  }

  expects(root: ProcessKey): boolean {
    return this.#expected.has(processId(root));
  }

  /** An expected root, or a child of it, executed something: was it asked for? */
  linkOf(event: ExecEvent, root: ProcessKey): HandOffLink | null {
    this.#expected.delete(processId(root));
    return this.#handOffs.linkOf(root, event.uid, event.origin.bootNs);
  }

  /** An agent has ended: what is run from now on, it cannot have asked for. */
  ended(root: ProcessKey): void {
    this.#handOffs.ended(root);
  }

  forget(root: ProcessKey): void {
    this.#expected.delete(processId(root));
  }

  /** Those that have executed nothing for too long. */
  tick(nowNs: bigint): readonly ProcessKey[] {
    this.#do(this.#handOffs.tick(nowNs));
    const late: ProcessKey[] = [];
    for (const { key, sinceNs } of this.#expected.values()) {
      if (nowNs - sinceNs < PATIENCE_NS) break;
      late.push(key);
    }
    for (const key of late) this.forget(key);
    return late;
  }

  stats() {
    return { ...this.#handOffs.stats(), expected: this.#expected.size, refused: this.#refused };
  }

  #do({ commands }: HandOffStep): void {
    this.#output.command(...commands);
  }
}
