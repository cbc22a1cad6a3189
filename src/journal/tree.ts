import { CompactRange, consistencyProof, foldRange, tilePath } from '../tlog/index.js';
import type { NodeReader, TreeHead } from '../tlog/index.js';
import { Edges } from './edges.js';
import type { FullTile } from './edges.js';
import { nodeKey, nodeReader, rangeAt, vouch } from './nodes.js';
import { entryOf } from './tiles.js';
import type { Tiles } from './tiles.js';

/** A tree at a size, enough to let it grow. */
export interface TreeRange extends TreeHead {
  readonly range: readonly Buffer[];
}

/** Tiles that wait for the disk; what is beyond is made from the records again. */
const MAX_UNSAVED = 64;
/** Of many losses in one life the newest count. */
const MAX_VOUCHED = 1024;

/** The tree of a journal (RFC 6962): its right edge in memory, the rest in tiles. */
export class Tree {
  private compact = new CompactRange();
  private readonly edges = new Edges();
  private readonly vouched = new Map<string, Buffer>();
  private readonly unsaved = new Map<string, FullTile>();
  private readonly read: NodeReader;
  private saving: Promise<void> | null = null;

  constructor(private readonly tiles: Tiles) {
    const entry = (level: number, index: bigint): Buffer | null => this.entry(level, index);
    this.read = nodeReader(entry, this.vouched, (level, index, hash) => {
      this.edges.learn(level, index, hash);
    });
  }

  get size(): bigint {
    return this.compact.size;
  }

  append(leaf: Buffer): void {
    this.compact.append(leaf, (level, index, hash) => {
      if (level % 8 === 0) this.put(level / 8, index, hash);
    });
  }

  /** Goes on from a tree whose leaves need not be here. */
  jump(size: bigint, range: readonly Buffer[]): void {
    this.compact = new CompactRange(size, range);
    this.trust(size, range);
  }

  /** Leaf hashes that records at the end of the tree gave, without growing it. */
  learn(index: bigint, leaf: Buffer): void {
    this.put(0, index, leaf);
  }

  /** Opens the tiles of higher levels that a tree of this size is filling, so that what they need is found once. */
  begin(size: bigint): void {
    for (let level = 1; 1n << BigInt(8 * level) <= size; level += 1) {
      this.edges.begin(level, size >> BigInt(8 * level + 8));
    }
  }

  /** Subtrees that are what somebody signed, whatever is here. */
  trust(size: bigint, range: readonly Buffer[]): void {
    if (this.vouched.size > MAX_VOUCHED) this.vouched.clear();
    vouch(this.vouched, size, range);
  }

  rangeAt(size: bigint): Buffer[] | null {
    return rangeAt(size, this.read);
  }

  state(): TreeRange {
    return { size: this.size, root: this.compact.root(), range: this.compact.hashes() };
  }

  rootAt(size: bigint): Buffer | null {
    if (size === this.size) return this.compact.root();
    const range = size < 0n || size > this.size ? null : this.rangeAt(size);
    return range === null ? null : foldRange(size, range);
  }

  leafAt(index: bigint): Buffer | null {
    return index < 0n || index >= this.size ? null : this.read(0, index);
  }

  consistencyProof(oldSize: bigint, size: bigint): Buffer[] | null {
    if (oldSize < 0n || oldSize > size || size > this.size) return null;
    return consistencyProof(oldSize, size, this.read);
  }

  /** Writes the tiles that became full, in the background; those that the disk does not take now wait. */
  save(): void {
    if (this.unsaved.size === 0) return;
    this.saving ??= this.saveAll().finally(() => {
      this.saving = null;
    });
  }

  async saved(): Promise<void> {
    await this.saving;
  }

  private async saveAll(): Promise<void> {
    try {
      for (const [key, { level, index, bytes }] of this.unsaved) {
        await this.tiles.writeSoon(level, index, bytes);
        this.unsaved.delete(key);
      }
    } catch {
      const oldest = [...this.unsaved.keys()].slice(0, -MAX_UNSAVED);
      for (const key of oldest) this.unsaved.delete(key);
    }
  }

  private put(level: number, index: bigint, hash: Buffer): void {
    const full = this.edges.put(level, index, hash, {
      find: (missing) => this.read(level * 8, missing),
      // No tile will say it, and a checkpoint may lie between its leaves.
      keep: (known, entry) => {
        this.vouched.set(nodeKey(level * 8, known), entry);
      },
    });
    if (full !== null) this.unsaved.set(tilePath(full.level, full.index), full);
  }

  private entry(level: number, index: bigint): Buffer | null {
    const edge = this.edges.entry(level, index);
    if (edge !== null) return edge;
    const waiting =
      this.unsaved.size === 0 ? undefined : this.unsaved.get(tilePath(level, index >> 8n));
    return waiting === undefined
      ? this.tiles.entry(level, index)
      : entryOf(waiting.bytes, Number(index & 255n));
  }
}
