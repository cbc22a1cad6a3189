import { HASH_BYTES } from '../../tlog/index.js';
import type { NodeReader } from '../../tlog/index.js';
import { nodeReader, rangeAt, subtreesOf, vouch } from '../nodes.js';

/** Leaves kept that nothing signed covers yet; a checkpoint is never so far behind its record. */
const MAX_LEAVES = 1 << 20;
const FIRST_BYTES = 1 << 16;

/** The tree up to what is settled, and the leaves behind that; what the tiles say otherwise beside them. */
export class Frontier {
  private settled = 0n;
  private known = new Map<string, Buffer>();
  private hashes = Buffer.allocUnsafe(FIRST_BYTES);
  private count = 0;
  private unknown = new Set<bigint>();
  private others = new Map<bigint, Buffer>();

  /** Leaves behind which the next one comes. */
  get size(): bigint {
    return this.settled + BigInt(this.count);
  }

  /** What is settled; from here leaves are at hand. */
  get start(): bigint {
    return this.settled;
  }

  /** null: a leaf nobody knows. `other`: what the tile has in its place. */
  push(leaf: Buffer | null, other: Buffer | null = null): void {
    if (this.count === MAX_LEAVES) this.drop();
    const at = this.count * HASH_BYTES;
    if (at === this.hashes.length) this.hashes = Buffer.concat([this.hashes], at * 2);
    if (leaf === null) this.unknown.add(this.size);
    else leaf.copy(this.hashes, at);
    if (other !== null) this.others.set(this.size, Buffer.from(other));
    this.count += 1;
  }

  /** Goes on at a leaf with nothing known before it. */
  reset(index: bigint): void {
    this.settle(index, []);
  }

  /** Goes on from a range that is vouched for. */
  settle(size: bigint, range: readonly Buffer[]): void {
    const gone = size < this.size ? Number(size - this.settled) : this.count;
    this.hashes.copyWithin(0, gone * HASH_BYTES, this.count * HASH_BYTES);
    this.count -= gone;
    this.settled = size;
    this.known = new Map();
    vouch(this.known, size, range);
    this.unknown = new Set([...this.unknown].filter((index) => index >= size));
    this.others = new Map([...this.others].filter(([index]) => index >= size));
  }

  /** Leaves before `size` for which a tile has another hash. */
  disputed(size: bigint): bigint[] {
    return [...this.others.keys()].filter((index) => index < size);
  }

  /** The subtrees of the tree at a size, largest first, by the records or by the tiles; null where one is not known. */
  subtrees(size: bigint, by: 'records' | 'tiles') {
    const read = this.reader(by);
    return subtreesOf(size).map((subtree) => ({
      ...subtree,
      hash: read(subtree.level, subtree.index),
    }));
  }

  private reader(by: 'records' | 'tiles'): NodeReader {
    return nodeReader((level, index) => {
      if (level > 0 || index < this.settled || index >= this.size) return null;
      const other = by === 'tiles' && this.others.size > 0 ? this.others.get(index) : undefined;
      if (other !== undefined) return other;
      if (this.unknown.size > 0 && this.unknown.has(index)) return null;
      const at = Number(index - this.settled) * HASH_BYTES;
      // A copy: it may outlive these bytes.
      return Buffer.from(this.hashes.subarray(at, at + HASH_BYTES));
    }, this.known);
  }

  /** Takes the older half as the records have it. */
  private drop(): void {
    const size = this.settled + BigInt(MAX_LEAVES / 2);
    const range = rangeAt(size, this.reader('records'));
    this.settle(size, range ?? []);
  }
}
