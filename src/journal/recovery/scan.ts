import path from 'node:path';
import { decodeRecord } from '../../record/index.js';
import { foldRange } from '../../tlog/index.js';
import type { Segment } from '../directory.js';
import type { Files } from '../files.js';
import { scanSegment } from '../segment.js';
import type { Damage } from '../segment.js';
import type { TreeRange } from '../tree.js';
import { Window } from '../window.js';

export type LeafOf = (record: Uint8Array) => Buffer;

/** A whole record and where its frame lies. */
export interface Scanned {
  readonly seq: bigint;
  readonly leaf: Buffer;
  readonly start: number;
  readonly end: number;
  /** Where numbers are missing before it: the tree that it says to go on from. */
  readonly link: TreeRange | null;
}

export interface ScannedSegment {
  readonly segment: Segment;
  readonly records: readonly Scanned[];
  readonly damage: readonly Damage[];
}

export interface ScanContext {
  readonly directory: string;
  readonly files: Files;
  readonly leafOf: LeafOf;
}

/** `limit`: first number of the next segment. */
export function readSegment(
  { directory, files, leafOf }: ScanContext,
  segment: Segment,
  limit: bigint | null,
): ScannedSegment {
  const { name, firstSeq, bytes } = segment;
  const window = new Window(files, path.join(directory, name), bytes);
  try {
    const records: Scanned[] = [];
    const damage: Damage[] = [];
    let last: bigint | null = null;
    for (const item of scanSegment(window, { name, offset: 0, expected: firstSeq, limit })) {
      if (item.item === 'damage') {
        damage.push(item.damage);
        continue;
      }
      const { seq, start, end } = item;
      const link = seq - 1n === last ? null : linkOf(seq, item.bytes);
      records.push({ seq, leaf: leafOf(item.bytes), start, end, link });
      last = seq;
    }
    return { segment, records, damage };
  } finally {
    window.close();
  }
}

/** A checkpoint of all that was numbered before it, as the first record behind a loss is. */
export function linkOf(seq: bigint, bytes: Uint8Array): TreeRange | null {
  const decoded = decodeRecord(bytes);
  const checkpoint = decoded.ok ? decoded.record.checkpoint : null;
  if (checkpoint?.size !== seq - 1n) return null;
  const { size } = checkpoint;
  const range = checkpoint.range.map((hash) => Buffer.from(hash));
  const root = foldRange(size, range);
  return root?.equals(checkpoint.root) === true ? { size, root, range } : null;
}
