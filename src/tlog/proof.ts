import { EMPTY_ROOT, isHash, nodeHash } from './hash.js';
import type { NodeReader } from './tree.js';

/** The path from a leaf to the root (RFC 6962, 2.1.1), lowest first; null when a node of it is not known. */
export function inclusionProof(index: bigint, size: bigint, read: NodeReader): Buffer[] | null {
  if (index < 0n || index >= size) return null;
  return pathUp(splits(index, size), read);
}

/** That a tree of one size is the beginning of that of another (RFC 6962, 2.1.2); of an empty one any tree is. */
export function consistencyProof(oldSize: bigint, size: bigint, read: NodeReader): Buffer[] | null {
  if (oldSize < 0n || oldSize > size) return null;
  if (oldSize === 0n || oldSize === size) return [];
  // The way to the last old leaf, as far as the old tree is cut through.
  const way = splits(oldSize - 1n, size);
  const cut = way.findIndex(({ own }) => own.end <= oldSize);
  const kept = way.slice(0, cut + 1);
  const last = kept.at(-1);
  if (last === undefined) return null;
  const path = pathUp(kept, read);
  // The old tree is itself a subtree of the new one: its root is known to who asks.
  if (path === null || last.own.begin === 0n) return path;
  const seed = subtree(last.own, read);
  return seed === null ? null : [seed, ...path];
}

/** RFC 9162, 2.1.3.2. False for whatever does not fit. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: bigint,
  size: bigint,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index < 0n || index >= size || ![leaf, root, ...proof].every(isHash)) return false;
  let first = index;
  let last = size - 1n;
  let hash: Uint8Array = leaf;
  for (const step of proof) {
    if (last === 0n) return false;
    if (isOdd(first) || first === last) {
      hash = nodeHash(step, hash);
      while (!isOdd(first) && first !== 0n) [first, last] = [first >> 1n, last >> 1n];
    } else {
      hash = nodeHash(hash, step);
    }
    [first, last] = [first >> 1n, last >> 1n];
  }
  return last === 0n && same(hash, root);
}

/** RFC 9162, 2.1.4.2. False for whatever does not fit. */
export function verifyConsistency(
  oldSize: bigint,
  oldRoot: Uint8Array,
  size: bigint,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (oldSize < 0n || oldSize > size || ![oldRoot, root, ...proof].every(isHash)) return false;
  if (oldSize === size) return proof.length === 0 && same(oldRoot, root);
  if (oldSize === 0n) return proof.length === 0 && same(oldRoot, EMPTY_ROOT);
  const [seed, ...rest] = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof;
  if (seed === undefined) return false;
  let first = oldSize - 1n;
  let last = size - 1n;
  while (isOdd(first)) [first, last] = [first >> 1n, last >> 1n];
  let old: Uint8Array = seed;
  let now: Uint8Array = seed;
  for (const step of rest) {
    if (last === 0n) return false;
    if (isOdd(first) || first === last) {
      old = nodeHash(step, old);
      now = nodeHash(step, now);
      while (!isOdd(first) && first !== 0n) [first, last] = [first >> 1n, last >> 1n];
    } else {
      now = nodeHash(now, step);
    }
    [first, last] = [first >> 1n, last >> 1n];
  }
  return last === 0n && same(old, oldRoot) && same(now, root);
}

/** Leaves [begin, end). */
interface Span {
  readonly begin: bigint;
  readonly end: bigint;
}

/** A node on the way down, and the sibling it was parted from. */
interface Split {
  readonly own: Span;
  readonly sibling: Span;
}

/** The way from the root down to a leaf. */
function splits(index: bigint, size: bigint): Split[] {
  const way: Split[] = [];
  let own: Span = { begin: 0n, end: size };
  while (own.end - own.begin > 1n) {
    const middle = own.begin + powerBelow(own.end - own.begin);
    const left = { begin: own.begin, end: middle };
    const right = { begin: middle, end: own.end };
    const [next, sibling] = index < middle ? [left, right] : [right, left];
    way.push({ own: next, sibling });
    own = next;
  }
  return way;
}

function pathUp(way: readonly Split[], read: NodeReader): Buffer[] | null {
  const path: Buffer[] = [];
  for (const { sibling } of way.toReversed()) {
    const hash = subtree(sibling, read);
    if (hash === null) return null;
    path.push(hash);
  }
  return path;
}

/** The root over a span that a split gave: perfect but at the tree's right edge. */
function subtree({ begin, end }: Span, read: NodeReader): Buffer | null {
  const level = levelOf(end - begin);
  if (end - begin === 1n << BigInt(level)) return read(level, begin >> BigInt(level));
  const middle = begin + (1n << BigInt(level));
  const left = read(level, begin >> BigInt(level));
  const right = left && subtree({ begin: middle, end }, read);
  return left && right && nodeHash(left, right);
}

/** The largest level whose perfect subtree has at most so many leaves. */
const levelOf = (leaves: bigint): number => leaves.toString(2).length - 1;

/** The largest power of two below n, for n > 1. */
const powerBelow = (n: bigint): bigint => 1n << BigInt(levelOf(n - 1n));

const isOdd = (n: bigint): boolean => (n & 1n) === 1n;
const isPowerOfTwo = (n: bigint): boolean => (n & (n - 1n)) === 0n;
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
