import { parseVkey, verifyConsistency } from '../tlog/index.js';
import type { TreeState, VerifierKey } from '../tlog/index.js';
import type { BookEvent } from './book-event.js';
import { isHeartbeatSigned } from './heartbeat-note.js';
import type { Incoming } from './incoming.js';
import { readSignedTree } from './signed-tree.js';
import type { SignedTree } from './signed-tree.js';

/** What is known of a node before its first record of this run. */
export interface Known {
  /** The pinned C2SP verifier key. */
  readonly vkey: string | null;
  /** What we cosigned last; size 0n: nothing. */
  readonly cosigned: { readonly size: bigint; readonly root: Buffer };
  /** Why nothing is cosigned any more. */
  readonly held: string | null;
}

/** What is here for a number that another record came for. */
export interface Here {
  readonly known: Buffer;
  /** Of what came. */
  readonly leaf: Buffer;
  /** The newest that was seen. */
  readonly epoch: number;
}

export type RootAt = (size: bigint) => Buffer | null;

/** Different contradictions of one node that are said; more of them are counted. */
const MAX_SAID = 64;
const MAX_KEY = 240;

/**
 * Whether a node's signed trees may be believed: its key, what was agreed and cosigned, and every contradiction, each said
 * once. It never accepts a second key and never gives back a smaller tree than was cosigned.
 */
export class NodeTrust {
  readonly counts = { badCheckpoints: 0, badHeartbeats: 0, unknownRoots: 0, conflicts: 0 };
  private key: VerifierKey | null;
  private vkey: string | null;
  private cosigned: { readonly size: bigint; readonly root: Buffer };
  private heldFor: string | null;
  private newest: TreeState | null = null;
  private readonly said = new Set<string>();

  constructor(
    private readonly origin: string,
    known: Known,
    private readonly say: (event: BookEvent) => void,
  ) {
    this.vkey = known.vkey;
    this.key = known.vkey === null ? null : parseVkey(known.vkey);
    this.cosigned = known.cosigned;
    this.heldFor = known.held;
  }

  get held(): string | null {
    return this.heldFor;
  }

  get cosignedSize(): bigint {
    return this.cosigned.size;
  }

  /** The newest signed tree that is ours too, and larger than what was cosigned. */
  get agreed(): TreeState | null {
    return this.heldFor === null ? this.newest : null;
  }

  /** Called when the cosignature is durable. */
  wasCosigned({ size, root }: TreeState): void {
    this.cosigned = { size, root };
    if (this.newest !== null && this.newest.size <= size) this.newest = null;
  }

  /** The signed tree of a checkpoint record; null: it may not be believed. Pins the key of the first. */
  read({ bytes, seq }: Incoming): SignedTree | null {
    const read = readSignedTree(bytes, this.origin, this.vkey);
    if (!read.ok) {
      this.counts.badCheckpoints += 1;
      if (read.reason !== 'malformed') this.refuseKey(seq, read.reason);
      return null;
    }
    if (this.vkey === null) {
      this.vkey = read.tree.vkey;
      this.key = parseVkey(read.tree.vkey);
      this.say({ event: 'pinned', vkey: read.tree.vkey });
    }
    return read.tree;
  }

  /** Compares a signed tree with ours over the records we have. */
  judge({ state }: SignedTree, rootAt: RootAt): void {
    const { size, root } = state;
    const ours = size === this.cosigned.size ? this.cosigned.root : rootAt(size);
    if (ours === null) {
      this.counts.unknownRoots += 1;
    } else if (!ours.equals(root)) {
      this.conflict('node.equivocation', 'root', `signed another root for size ${size}`, [
        `root it signed for size ${size}: ${root.toString('base64')}`,
        `root over the records that are here: ${ours.toString('base64')}`,
      ]);
    } else if (size > this.cosigned.size && size > (this.newest?.size ?? 0n)) {
      this.newest = state;
    }
  }

  /** Whether a tree behind lost records is shown to extend what was cosigned; where nothing was, there is nothing to extend. */
  extends({ state, oldSize, proof }: SignedTree, rootAt: RootAt): boolean {
    if (this.cosigned.size === 0n) return true;
    if (oldSize < this.cosigned.size || oldSize > state.size) return false;
    const oldRoot = rootAt(oldSize);
    return oldRoot !== null && verifyConsistency(oldSize, oldRoot, state.size, state.root, proof);
  }

  /** A heartbeat counts as one only with the node's signature. */
  checkHeartbeat({ bytes }: Incoming): void {
    if (this.key !== null && !isHeartbeatSigned(bytes, this.origin, this.key)) {
      this.counts.badHeartbeats += 1;
    }
  }

  /** A record for a number that has another one. */
  contradict({ seq, epoch }: Incoming, here: Here): 'conflict' {
    const evidence = [
      `leaf that is here for record ${seq}: ${here.known.toString('base64')}`,
      `leaf that came for it: ${here.leaf.toString('base64')}, of epoch ${epoch}`,
      `newest epoch before: ${here.epoch}`,
    ];
    if (epoch > here.epoch) {
      const summary = `goes on in epoch ${epoch} at record ${seq}, which it had passed`;
      this.conflict('node.rollback', `epoch ${epoch}`, summary, evidence);
    } else {
      const summary = `sent two different records for number ${seq}`;
      this.conflict('node.equivocation', `records of epoch ${epoch}`, summary, evidence);
    }
    return 'conflict';
  }

  /** `about` tells contradictions apart: the same one is said once. */
  private conflict(
    rule: 'node.rollback' | 'node.equivocation',
    about: string,
    summary: string,
    evidence: readonly string[],
  ): void {
    this.counts.conflicts += 1;
    this.hold(`${rule}: ${summary}`);
    if (this.said.has(about) || this.said.size >= MAX_SAID) return;
    this.said.add(about);
    this.say({ event: 'conflict', rule, summary, evidence });
  }

  hold(reason: string): void {
    if (this.heldFor !== null) return;
    this.heldFor = reason;
    this.say({ event: 'held', reason });
  }

  /**
   * Somebody else's key is no contradiction of the node's own: the node is not held for it, for then whoever can publish
   * there could stop its cosignatures for good.
   */
  private refuseKey(seq: bigint, reason: 'key' | 'signature'): void {
    this.counts.conflicts += 1;
    if (this.said.has(reason)) return;
    this.said.add(reason);
    const summary =
      reason === 'key'
        ? 'sent a checkpoint with a key that is not the pinned one'
        : 'sent a checkpoint that its key did not sign';
    const evidence = [`record ${seq}`, `pinned key: ${(this.vkey ?? 'none').slice(0, MAX_KEY)}`];
    this.say({ event: 'conflict', rule: 'node.equivocation', summary, evidence });
  }
}
