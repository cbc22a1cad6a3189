import { EMPTY_ROOT, isHash, nodeHash } from './hash.js';

/** Told of each perfect subtree as it is completed; level 0 is the leaf itself. */
export type OnNode = (level: number, index: bigint, hash: Buffer) => void;

/** A tree that grows at its right edge, as the roots of its perfect subtrees: one for each bit set in its size. */
export class CompactRange {
  private readonly stack: Buffer[];

  /** Throws when the range does not fit the size: who has it from outside asks foldRange() first. */
  constructor(
    private leaves = 0n,
    range: readonly Buffer[] = [],
  ) {
    if (foldRange(leaves, range) === null) throw new RangeError('range does not fit the size');
    this.stack = [...range];
  }

  get size(): bigint {
    return this.leaves;
  }

  append(leaf: Buffer, onNode?: OnNode): void {
    let index = this.leaves;
    let level = 0;
    let hash = leaf;
    onNode?.(level, index, hash);
    while ((index & 1n) === 1n) {
      hash = nodeHash(this.stack.pop() ?? hash, hash);
      index >>= 1n;
      level += 1;
      onNode?.(level, index, hash);
    }
    this.stack.push(hash);
    this.leaves += 1n;
  }

  root(): Buffer {
    return fold(this.stack);
  }

  /** Largest first. */
  hashes(): readonly Buffer[] {
    return [...this.stack];
  }

  clone(): CompactRange {
    return new CompactRange(this.leaves, this.stack);
  }
}

/** The root of a tree from its range; null when the range does not fit the size. */
export function foldRange(size: bigint, range: readonly Buffer[]): Buffer | null {
  if (size < 0n || bitsSet(size) !== range.length || !range.every(isHash)) return null;
  return fold(range);
}

function fold(range: readonly Buffer[]): Buffer {
  const smallest = range.at(-1);
  if (smallest === undefined) return EMPTY_ROOT;
  return range.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), smallest);
}

function bitsSet(size: bigint): number {
  let bits = 0;
  for (let rest = size; rest > 0n; rest &= rest - 1n) bits += 1;
  return bits;
}
