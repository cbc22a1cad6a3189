import { nodeHash } from '../tlog/index.js';
import type { NodeReader } from '../tlog/index.js';

/** A hash that a tile of this level has, where it is known. Entry `index` of tile level n is the tree's node (8n, index). */
export type EntryReader = (tileLevel: number, index: bigint) => Buffer | null;

/** Subtrees that somebody vouches for, whatever tiles and records say. */
export type Vouched = ReadonlyMap<string, Buffer>;

export const nodeKey = (level: number, index: bigint): string => `${level}/${index}`;

export interface Subtree {
  readonly level: number;
  readonly index: bigint;
  /** Leaves [start, end). */
  readonly start: bigint;
  readonly end: bigint;
}

/** The perfect subtrees of a tree of this size, largest first: those of its range. */
export function subtreesOf(size: bigint): Subtree[] {
  const subtrees: Subtree[] = [];
  let start = 0n;
  for (let level = 63; level >= 0; level -= 1) {
    const width = 1n << BigInt(level);
    if ((size & width) === 0n) continue;
    subtrees.push({ level, index: start >> BigInt(level), start, end: start + width });
    start += width;
  }
  return subtrees;
}

/** Who has a range vouches for its subtrees. */
export function vouch(known: Map<string, Buffer>, size: bigint, range: readonly Buffer[]): void {
  subtreesOf(size).forEach(({ level, index }, at) => {
    const hash = range[at];
    if (hash !== undefined) known.set(nodeKey(level, index), hash);
  });
}

/** Reads any perfect subtree out of tiles; `found` is told what a tile of a higher level would have said. */
export function nodeReader(
  entry: EntryReader,
  vouched: Vouched = new Map(),
  found: (tileLevel: number, index: bigint, hash: Buffer) => void = () => undefined,
): NodeReader {
  const read: NodeReader = (level, index) => {
    const known = vouched.size === 0 ? undefined : vouched.get(nodeKey(level, index));
    const hash = known ?? (level % 8 === 0 ? entry(level / 8, index) : null);
    if (hash !== null || level === 0) return hash;
    const left = read(level - 1, index * 2n);
    const right = left === null ? null : read(level - 1, index * 2n + 1n);
    if (left === null || right === null) return null;
    const node = nodeHash(left, right);
    if (level % 8 === 0) found(level / 8, index, node);
    return node;
  };
  return read;
}

/** The range of the tree at a size; null where a subtree is not known. */
export function rangeAt(size: bigint, read: NodeReader): Buffer[] | null {
  const range: Buffer[] = [];
  for (const { level, index } of subtreesOf(size)) {
    const hash = read(level, index);
    if (hash === null) return null;
    range.push(hash);
  }
  return range;
}
