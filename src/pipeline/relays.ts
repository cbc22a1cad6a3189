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
const QUICK_NS = 2_000_000_000n;
const PATIENCE_NS = 10_000_000_000n;

/** Processes that run what an agent asked them to, and what they have just forked. */
export class Relays {
  readonly #handOffs = new HandOffs();
  readonly #output: Output;
  /** Children of relays that have not executed anything, by when they were forked. */
  readonly #expected = new Map<ProcessId, { readonly key: ProcessKey; readonly sinceNs: bigint }>();
  #refused = 0;
  #nowNs = 0n;

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

  /** A child that a relay had forked before it was watched, if somebody may have asked for it. */
  foundRunning(
    relay: ProcessKey,
    child: ProcessKey,
    uid: number,
    nowNs: bigint,
  ): HandOffLink | null {
    const origin = { ring: 'lifecycle', cpu: 0, seq: 0n, bootNs: child.startNs } as const;
    const tid = relay.tgid;
    this.#handOffs.forked({
      ...{ kind: 'fork', origin, key: relay, tid, root: relay, scope: 'relay', child },
    });
    return this.#handOffs.linkOf(child, uid, nowNs);
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
    this.#nowNs = nowNs;
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
    // Who listens is found out after the ask, and whoever was quick has forked by then.
    for (const command of commands) {
      if (command.do !== 'watch_relay') continue;
      const sinceNs = this.#nowNs > QUICK_NS ? this.#nowNs - QUICK_NS : 0n;
      this.#output.command({ do: 'look_up_children', key: command.key, sinceNs });
    }
  }
}
