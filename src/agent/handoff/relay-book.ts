import {
  processId,
  type Command,
  type ForkEvent,
  type ProcessId,
  type ProcessKey,
} from '../../event/index.js';
import type { Peer } from './look-ups.js';

const RELAYS_MAX = 256;
const CHILDREN_MAX = 4096;
/** Longer than any window: what executes nothing for that long was not asked for. */
const CHILD_NS = 70_000_000_000n;

interface Relay extends Peer {
  untilNs: bigint;
}

export interface Child {
  readonly relay: Peer;
  readonly forkNs: bigint;
}

/**
 * Processes whose children are told, and those children. Full, the relay whose time ends first goes, and of the
 * children the oldest.
 */
export class RelayBook {
  readonly #relays = new Map<ProcessId, Relay>();
  readonly #children = new Map<ProcessId, Child>();
  readonly #relayLimit: number;
  readonly #childLimit: number;
  #relaysEvicted = 0;
  #childrenEvicted = 0;
  #unknownForks = 0;

  constructor(relayLimit = RELAYS_MAX, childLimit = CHILDREN_MAX) {
    this.#relayLimit = relayLimit;
    this.#childLimit = childLimit;
  }

  watch(peer: Peer, untilNs: bigint): readonly Command[] {
    const id = processId(peer.key);
    const known = this.#relays.get(id);
    if (known !== undefined) {
      if (untilNs > known.untilNs) known.untilNs = untilNs;
      return [];
    }
    const ended = this.#relays.size >= this.#relayLimit ? this.#evict() : [];
    this.#relays.set(id, { ...peer, untilNs });
    return [...ended, { do: 'watch_relay', key: peer.key }];
  }

  forked({ key, root, child, origin }: ForkEvent): void {
    const relay = this.#relays.get(processId(root ?? key));
    if (relay === undefined) {
      this.#unknownForks += 1;
      return;
    }
    const [oldest] = this.#children.keys();
    if (oldest !== undefined && this.#children.size >= this.#childLimit) {
      this.#children.delete(oldest);
      this.#childrenEvicted += 1;
    }
    this.#children.set(processId(child), { relay, forkNs: origin.bootNs });
  }

  childOf(root: ProcessKey): Child | null {
    return this.#children.get(processId(root)) ?? null;
  }

  tick(nowNs: bigint): readonly Command[] {
    for (const [id, { forkNs }] of this.#children) {
      if (nowNs - forkNs < CHILD_NS) break;
      this.#children.delete(id);
    }
    const over = [...this.#relays.values()].filter(({ untilNs }) => untilNs < nowNs);
    return over.map(({ key }) => this.#end(key));
  }

  stats() {
    return {
      relays: this.#relays.size,
      relaysEvicted: this.#relaysEvicted,
      relayChildren: this.#children.size,
      relayChildrenEvicted: this.#childrenEvicted,
      /** The kernel told of a child of a relay whose time was over. */
      relayForksUnknown: this.#unknownForks,
    };
  }

  #evict(): readonly Command[] {
    let first: Relay | null = null;
    for (const relay of this.#relays.values()) {
      if (first === null || relay.untilNs < first.untilNs) first = relay;
    }
    if (first === null) return [];
    this.#relaysEvicted += 1;
    return [this.#end(first.key)];
  }

  #end(key: ProcessKey): Command {
    this.#relays.delete(processId(key));
    return { do: 'end_relay', key };
  }
}
