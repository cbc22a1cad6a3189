import type { Log } from '../telemetry/index.js';
import type { Node } from './node.js';
import type { Witness } from './witness.js';

/** Gives a node the cosigned note; true when the stream has stored it. Never rejects. */
export type SendNote = (node: Node, note: string) => Promise<boolean>;

/** A node gets at most one a second: always the newest. */
const PAUSE_MS = 1000;
/** Nodes that are being answered. */
const MAX_AT_ONCE = 256;

/**
 * Cosigns what nodes and we agree on. The order is the promise of a witness: first it is durable that we cosigned this
 * size with this root, then the cosignature leaves. What does not reach the stream is sent again.
 */
export class Cosigner {
  readonly counts = { cosigned: 0, sent: 0, failed: 0 };
  private readonly wanted = new Map<Node, 'new' | 'again'>();
  private readonly dueMs = new WeakMap<Node, number>();
  private readonly busy = new Set<Node>();

  constructor(
    private readonly witness: Witness,
    private readonly send: SendNote,
    private readonly log: Log,
  ) {}

  /** Something of this node was agreed on, or it asks for what it had. */
  want(node: Node): void {
    if (node.book.trust.agreed !== null) this.wanted.set(node, 'new');
    if (node.book.takeAsksAgain() && !this.wanted.has(node)) this.wanted.set(node, 'again');
  }

  /** Cosigns for every node whose second is over. */
  tick(nowMs: number): void {
    for (const node of this.wanted.keys()) {
      if (this.busy.size >= MAX_AT_ONCE) return;
      if (this.busy.has(node) || (this.dueMs.get(node) ?? 0) > nowMs) continue;
      const what = this.wanted.get(node) ?? 'again';
      this.wanted.delete(node);
      this.dueMs.set(node, nowMs + PAUSE_MS);
      this.busy.add(node);
      void this.answer(node, what, nowMs).finally(() => this.busy.delete(node));
    }
  }

  /** Nothing is wanted and nothing under way. */
  get idle(): boolean {
    return this.wanted.size === 0 && this.busy.size === 0;
  }

  private async answer(node: Node, what: 'new' | 'again', nowMs: number): Promise<void> {
    try {
      const note = what === 'new' ? await this.cosign(node, nowMs) : node.cosignedNote();
      if (note === null) return;
      if (await this.send(node, note)) this.counts.sent += 1;
      else if (!this.wanted.has(node)) this.wanted.set(node, 'again');
    } catch (error) {
      // Not durable, so it did not leave; the next checkpoint is the next try.
      const reason = error instanceof Error ? error.message : String(error);
      this.counts.failed += 1;
      this.log.error({ ...node.who, reason }, 'a cosignature could not be kept');
    }
  }

  private async cosign(node: Node, nowMs: number): Promise<string | null> {
    const tree = node.book.trust.agreed;
    if (tree === null) return null;
    const note = this.witness.cosign(tree.note, nowMs);
    await node.saveCosigned(note, tree);
    this.counts.cosigned += 1;
    return note;
  }
}
