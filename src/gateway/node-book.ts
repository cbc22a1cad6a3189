import type { TreeState } from '../tlog/index.js';
import type { BookEvent } from './book-event.js';
import type { Incoming, Who } from './incoming.js';
import { NodeTrust } from './node-trust.js';
import type { Known, RootAt } from './node-trust.js';
import { isStop, leafOf, lostNumbers } from './record-facts.js';
import type { Numbers } from './record-facts.js';
import { ReorderBuffer } from './reorder-buffer.js';
import type { ReorderBudget, ReorderLimits } from './reorder-buffer.js';
import type { SignedTree } from './signed-tree.js';

/** What the book needs of a copy of a node's journal. */
export interface MirrorPort {
  readonly next: bigint;
  /** False: it could not be taken. */
  append(bytes: Uint8Array): boolean;
  /** Goes on behind records that are lost. */
  skip(to: TreeState): void;
  leafAt(seq: bigint): Buffer | null;
  rootAt(size: bigint): Buffer | null;
}

export interface BookRules {
  readonly gapAfterMs: number;
  readonly reorder: ReorderLimits;
}

export interface KnownNode extends Known {
  /** Of the last record that is in the copy; 0: there is none. */
  readonly epoch: number;
}

/** dropped: there was no room for it, or the copy did not take it. */
export type Taken = 'appended' | 'waiting' | 'repeat' | 'conflict' | 'dropped';

/** The next number is missing, and a higher one is here. */
interface Hole {
  readonly sinceMs: number;
  /** The lowest number seen behind it. */
  before: bigint;
  /** What was said of it, null: nothing yet. */
  said: Numbers | null;
}

interface Ahead extends Incoming {
  readonly tree: SignedTree | null;
}

/** A node sends again from what was cosigned; this many times the wait of `node.gap` it gets for that. */
const PATIENCE = 4;

/**
 * One node's records: in order into the copy, each once. A pure state machine over the copy; the time is given. It never
 * leaves a number out unless it says so, never changes a record that is there, and says every contradiction.
 */
export class NodeBook {
  readonly trust: NodeTrust;
  readonly counts = { appended: 0, repeats: 0, conflicts: 0, dropped: 0, skipped: 0n };
  private readonly ahead: ReorderBuffer<Ahead>;
  private readonly events: BookEvent[] = [];
  private readonly rootAt: RootAt = (size) => this.mirror.rootAt(size);
  private hole: Hole | null = null;
  /** What the node itself said last that it lost. */
  private lost: Numbers | null = null;
  /** The newest signed tree that came ahead; kept even where there was no room for its record. */
  private newestAhead: SignedTree | null = null;
  private epoch: number;
  /** The last record but for checkpoints says that the daemon was told to stop. */
  stopped = false;
  private asksAgain = false;

  constructor(
    readonly who: Who,
    private readonly mirror: MirrorPort,
    known: KnownNode,
    private readonly rules: BookRules,
    budget: ReorderBudget,
  ) {
    const origin = `watchfloor.v1/${who.tenant}/${who.node}`;
    this.trust = new NodeTrust(origin, known, (event) => this.events.push(event));
    this.epoch = known.epoch;
    this.ahead = new ReorderBuffer(rules.reorder, budget);
  }

  /** Records ahead of the next number. */
  get waiting(): number {
    return this.ahead.size;
  }

  get hasHole(): boolean {
    return this.hole !== null;
  }

  /** What there is to say since the last call. */
  takeEvents(): BookEvent[] {
    return this.events.splice(0);
  }

  /** True once when a checkpoint came again: the node may not have our cosignature. */
  takeAsksAgain(): boolean {
    const asks = this.asksAgain;
    this.asksAgain = false;
    return asks;
  }

  take(record: Incoming, nowMs: number): Taken {
    const taken = this.place(record, nowMs);
    if (taken === 'repeat') this.counts.repeats += 1;
    if (taken === 'conflict') this.counts.conflicts += 1;
    if (taken === 'dropped') this.counts.dropped += 1;
    return taken;
  }

  /** Numbers that are missing for too long are said, and given up later. */
  tick(nowMs: number): void {
    const { hole } = this;
    if (hole === null || nowMs - hole.sinceMs < this.rules.gapAfterMs) return;
    if (hole.said === null) {
      hole.said = { firstSeq: this.mirror.next, lastSeq: hole.before - 1n };
      this.events.push({ event: 'gap', ...hole.said, cause: 'missing', have: false });
    }
    if (nowMs - hole.sinceMs < this.rules.gapAfterMs * PATIENCE) return;
    this.giveUp(nowMs, hole.before - 1n);
  }

  private place(record: Incoming, nowMs: number): Taken {
    if (record.seq < this.mirror.next) return this.again(record);
    if (record.seq > this.mirror.next) return this.early(record, nowMs);
    if (!this.append(record)) return 'dropped';
    this.drain(nowMs);
    return 'appended';
  }

  private append(record: Incoming): boolean {
    if (!this.mirror.append(record.bytes)) return false;
    this.counts.appended += 1;
    this.epoch = Math.max(this.epoch, record.epoch);
    if (record.kind === 'checkpoint') {
      const tree = this.trust.read(record);
      if (tree !== null) this.trust.judge(tree, this.rootAt);
    } else if (record.kind === 'heartbeat') {
      this.trust.checkHeartbeat(record);
    } else if (record.kind === 'gap') {
      this.readGap(record);
    }
    if (record.kind !== 'checkpoint') this.stopped = isStop(record);
    return true;
  }

  /** Takes what waited for the record before it. */
  private drain(nowMs: number): void {
    const { hole } = this;
    if (hole === null) return;
    let record = this.ahead.take(this.mirror.next);
    while (record !== null) {
      if (!this.append(record)) this.counts.dropped += 1;
      record = this.ahead.take(this.mirror.next);
    }
    if (hole.before >= this.mirror.next) return;
    if (hole.said !== null) this.events.push({ event: 'filled', ...hole.said });
    const before = this.ahead.first();
    this.hole = before === null ? null : { sinceMs: nowMs, before, said: null };
    if (before === null) this.newestAhead = null;
  }

  private again(record: Incoming): Taken {
    const known = this.mirror.leafAt(record.seq);
    // Of what was left out nothing is known, and there is no place for it any more.
    if (known === null) return 'dropped';
    const leaf = leafOf(record.bytes, known);
    if (!leaf.equals(known)) {
      return this.trust.contradict(record, { known, leaf, epoch: this.epoch });
    }
    if (record.kind === 'checkpoint') this.readAgain(record);
    return 'repeat';
  }

  /** It was acknowledged and perhaps not cosigned, or the node never got our cosignature. */
  private readAgain(record: Incoming): void {
    this.asksAgain = true;
    const tree = this.trust.read(record);
    if (tree !== null) this.trust.judge(tree, this.rootAt);
  }

  private early(record: Incoming, nowMs: number): Taken {
    const waiting = this.ahead.get(record.seq);
    if (waiting !== null) {
      const known = leafOf(waiting.bytes, Buffer.alloc(0));
      const leaf = leafOf(record.bytes, known);
      const { epoch } = waiting;
      return leaf.equals(known) ? 'repeat' : this.trust.contradict(record, { known, leaf, epoch });
    }
    const tree = record.kind === 'checkpoint' ? this.trust.read(record) : null;
    if (tree !== null && tree.state.size > (this.newestAhead?.state.size ?? 0n)) {
      this.newestAhead = tree;
    }
    // The message it came in is not ours to keep.
    const kept = this.ahead.add({ ...record, bytes: Buffer.from(record.bytes), tree });
    this.hole ??= { sinceMs: nowMs, before: record.seq, said: null };
    if (record.seq < this.hole.before) this.hole.before = record.seq;
    if (record.kind === 'gap') this.readGap(record);
    const { lost } = this;
    const { next } = this.mirror;
    if (lost !== null && lost.firstSeq <= next && next <= lost.lastSeq) {
      this.giveUp(nowMs, lost.lastSeq);
    }
    return kept ? 'waiting' : 'dropped';
  }

  private readGap({ bytes }: Incoming): void {
    const lost = lostNumbers(bytes);
    // It is read when it comes ahead, and again when its turn has come.
    if (lost === null || lost.lastSeq <= (this.lost?.lastSeq ?? 0n)) return;
    this.lost = lost;
    const have = lost.lastSeq < this.mirror.next;
    if (this.hole !== null && !have) this.hole.said ??= lost;
    this.events.push({ event: 'gap', ...lost, cause: 'node', have });
  }

  /** Goes on behind the smallest signed tree that covers the hole. Without one, it waits for one. */
  private giveUp(nowMs: number, lastSeq: bigint): void {
    const tree = this.treeCovering(lastSeq);
    if (tree === null) return;
    const firstSeq = this.mirror.next;
    const { size } = tree.state;
    const proven = this.trust.extends(tree, this.rootAt);
    this.mirror.skip(tree.state);
    this.counts.skipped += size - firstSeq + 1n;
    this.ahead.dropThrough(size);
    this.events.push({ event: 'skipped', firstSeq, lastSeq: size, proven });
    if (!proven) this.trust.hold(`no proof spans the missing records ${firstSeq} to ${size}`);
    const before = this.ahead.first();
    this.hole = before === null ? null : { sinceMs: nowMs, before, said: null };
    this.drain(nowMs);
  }

  private treeCovering(lastSeq: bigint): SignedTree | null {
    let best = this.newestAhead;
    if (best === null || best.state.size < lastSeq) return null;
    for (const { tree } of this.ahead.values()) {
      if (tree === null || tree.state.size < lastSeq) continue;
      if (tree.state.size < best.state.size) best = tree;
    }
    return best;
  }
}
