import { decodeRecord } from '../record/index.js';
import { leafHash } from '../tlog/index.js';
import type { Incoming } from './incoming.js';

/** Numbers, both ends included. */
export interface Numbers {
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
}

/** The record's leaf in its node's tree. One that was too large to send came as a stub, which says the leaf of the whole. */
export function leafOf(record: Uint8Array, expected: Buffer): Buffer {
  const leaf = leafHash(record);
  if (leaf.equals(expected)) return leaf;
  const decoded = decodeRecord(record);
  const stub = decoded.ok ? decoded.record.stub : null;
  return stub ? Buffer.from(stub.leafHash) : leaf;
}

/** What a record of kind `gap` says of the node's own journal; null: nothing about numbers. */
export function lostNumbers(record: Uint8Array): Numbers | null {
  const decoded = decodeRecord(record);
  const gap = decoded.ok ? decoded.record.gap : null;
  if (gap?.stage !== 'journal' || gap.firstSeq === null || gap.lastSeq === null) return null;
  const { firstSeq, lastSeq } = gap;
  return firstSeq <= lastSeq ? { firstSeq, lastSeq } : null;
}

/** Whether it says that the daemon was told to stop. */
export function isStop({ kind, bytes }: Incoming): boolean {
  const decoded = kind === 'sensor' ? decodeRecord(bytes) : null;
  return decoded?.ok === true && decoded.record.sensor?.event === 'stop';
}
