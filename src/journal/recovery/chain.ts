import { listSegments } from '../directory.js';
import type { Segment } from '../directory.js';
import type { Tiles } from '../tiles.js';
import { readSegment } from './scan.js';
import type { ScanContext, Scanned, ScannedSegment } from './scan.js';

/** The end of a journal: the last segment that has a record, and before it what no full tile covers. */
export interface Chain {
  readonly scanned: readonly ScannedSegment[];
  /** Behind them, without any record. */
  readonly empty: readonly Segment[];
  /** The last number up to which each leaf is known, from its record, a tile or the anchor. */
  readonly last: bigint;
}

export function readChain(context: ScanContext, tiles: Tiles, signed: bigint): Chain {
  const older = listSegments(context.directory, context.files);
  const empty: Segment[] = [];
  const scanned: ScannedSegment[] = [];
  let last = 0n;
  for (let segment = older.pop(); segment !== undefined; segment = older.pop()) {
    const next = scanned[0]?.segment.firstSeq ?? null;
    const read = readSegment(context, segment, next);
    if (read.records.length === 0 && next === null) {
      empty.push(segment);
      continue;
    }
    scanned.unshift(read);
    last = lastKnown(scanned, tiles, signed);
    if (segment.firstSeq <= ((last >> 8n) << 8n) + 1n) break;
  }
  return { scanned, empty, last };
}

/** Where a hole begins whose leaves nobody knows, what is behind it was never durable, or is nobody's. */
function lastKnown(scanned: readonly ScannedSegment[], tiles: Tiles, signed: bigint): bigint {
  let last = (scanned[0]?.segment.firstSeq ?? 1n) - 1n;
  for (const { seq, link } of scanned.flatMap(({ records }): readonly Scanned[] => records)) {
    // Where nothing is signed, the record itself may say what tree it goes on from.
    const linked = link !== null && signed === 0n;
    if (seq !== last + 1n && !linked && !areKnown(last + 1n, seq - 1n, tiles, signed)) break;
    last = seq;
  }
  return last;
}

function areKnown(first: bigint, last: bigint, tiles: Tiles, signed: bigint): boolean {
  let seq = first > signed ? first : signed + 1n;
  while (seq <= last) {
    const tile = (seq - 1n) >> 8n;
    if (tiles.read(0, tile) === null) return false;
    seq = ((tile + 1n) << 8n) + 1n;
  }
  return true;
}
