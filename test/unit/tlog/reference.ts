import { createHash } from 'node:crypto';
import type { NodeReader } from '../../../src/tlog/index.js';

/** RFC 6962, section 2.1, word for word: slow, and nothing shared with src/tlog. */
const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

export const leafOf = (data: Uint8Array): Buffer => sha256(Buffer.of(0), data);
const pair = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right);

function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

export function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return only;
  const k = split(leaves.length);
  return pair(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

export function pathOf(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k ? [...pathOf(m, left), rootOf(right)] : [...pathOf(m - k, right), rootOf(left)];
}

export function proofOf(m: number, leaves: readonly Buffer[], whole = true): Buffer[] {
  if (m === leaves.length) return whole ? [] : [rootOf(leaves)];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  if (m <= k) return [...proofOf(m, left, whole), rootOf(right)];
  return [...proofOf(m - k, right, false), rootOf(left)];
}

export const leavesOf = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, at) => leafOf(Buffer.from(`record ${at}`)));

/** Perfect subtrees only, as the interface says. */
export function readerOf(leaves: readonly Buffer[]): NodeReader {
  return (level, index) => {
    const width = 2 ** level;
    const begin = Number(index) * width;
    return begin + width <= leaves.length ? rootOf(leaves.slice(begin, begin + width)) : null;
  };
}
