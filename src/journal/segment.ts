import { MAX_RECORD_BYTES, readSeq } from '../record/index.js';
import { crc32c } from './crc32c.js';
import { decodeHeader, FRAME_BYTES, HEADER_BYTES, MAX_SEQ, RECORD_START } from './format.js';
import type { Window } from './window.js';

/** Bytes in a segment that are no record of this place, or numbers that are nowhere. */
export interface Damage {
  /** File name; of a tile its path. */
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
  /** `content`: a whole record, but not the one that was hashed. `tile`: hashes that no record and no signature bear out. */
  readonly reason: 'header' | 'frame' | 'sequence' | 'missing' | 'content' | 'tile';
  /** The numbers that are missing, where they can be told. */
  readonly firstSeq?: bigint;
  readonly lastSeq?: bigint;
}

export type SegmentItem =
  | {
      readonly item: 'record';
      readonly seq: bigint;
      readonly bytes: Uint8Array;
      /** Where its frame begins and ends. */
      readonly start: number;
      readonly end: number;
    }
  | { readonly item: 'damage'; readonly damage: Damage; readonly end: number };

export interface Place {
  readonly name: string;
  /** Where to begin: 0, or the end of a record read before. */
  readonly offset: number;
  /** The number the next record must have. */
  readonly expected: bigint;
  /** First number of the next segment; null for the last. What reaches it was written again there. */
  readonly limit: bigint | null;
}

/** Hashing what only looks like frames must end some time. */
const MAX_SEARCH_BYTES = 64 << 20;
const SEARCH_STEP = 1 << 16;

/**
 * The records of a segment in order, damage among them, and at last the offset behind the last record: bytes after it
 * are torn, or not written yet.
 */
export function* scanSegment(
  window: Window,
  place: Place,
): Generator<SegmentItem, { readonly end: number; readonly next: bigint }> {
  const { name, limit } = place;
  let next = place.expected;
  let end = place.offset;
  let damaged: Damage['reason'] | null = null;
  if (end === 0 && decodeHeader(window.at(0, HEADER_BYTES)) !== null) end = HEADER_BYTES;
  else if (end === 0) damaged = 'header';
  while (end < window.size) {
    const found = (damaged === null ? recordAt(window, end) : null) ?? findRecord(window, end);
    if (found === null) break;
    const { start, seq, bytes } = found;
    const whole = seq < next || isBeyond(seq, limit) ? {} : { firstSeq: next, lastSeq: seq - 1n };
    if (start > end) {
      const lost = seq > next ? whole : {};
      const reason = damaged ?? 'frame';
      yield damageItem({ segment: name, offset: end, bytes: start - end, reason, ...lost }, start);
    } else if (seq > next && !isBeyond(seq, limit)) {
      yield damageItem({ segment: name, offset: end, bytes: 0, reason: 'missing', ...whole }, end);
    }
    damaged = null;
    end = start + FRAME_BYTES + bytes.length;
    if (seq >= next && !isBeyond(seq, limit)) {
      next = seq + 1n;
      yield { item: 'record', seq, bytes, start, end };
    } else {
      const reason = 'sequence';
      yield damageItem({ segment: name, offset: start, bytes: end - start, reason }, end);
    }
  }
  return { end, next };
}

const isBeyond = (seq: bigint, limit: bigint | null): boolean => limit !== null && seq >= limit;

const damageItem = (damage: Damage, end: number): SegmentItem => ({ item: 'damage', damage, end });

interface Found {
  readonly start: number;
  readonly seq: bigint;
  readonly bytes: Buffer;
}

function recordAt(window: Window, start: number): Found | null {
  const length = lengthAt(window, start);
  if (length === null) return null;
  const bytes = window.at(start + FRAME_BYTES, length);
  if (crc32c(bytes) !== window.at(start, FRAME_BYTES).readUInt32LE(4)) return null;
  const seq = readSeq(bytes);
  return seq === null || seq > MAX_SEQ ? null : { start, seq, bytes };
}

function lengthAt(window: Window, offset: number): number | null {
  const frame = window.at(offset, FRAME_BYTES);
  if (frame.length < FRAME_BYTES) return null;
  const length = frame.readUInt32LE(0);
  return length <= MAX_RECORD_BYTES && offset + FRAME_BYTES + length <= window.size ? length : null;
}

/** Looks for the first bytes of a record, and takes them when the frame around them holds. */
function findRecord(window: Window, from: number): Found | null {
  let budget = MAX_SEARCH_BYTES;
  for (let offset = from; offset < window.size && budget > 0; offset += SEARCH_STEP) {
    const bytes = window.at(offset, SEARCH_STEP + FRAME_BYTES + RECORD_START.length);
    let at = bytes.indexOf(RECORD_START, FRAME_BYTES);
    for (; at >= 0 && budget > 0; at = bytes.indexOf(RECORD_START, at + 1)) {
      const start = offset + at - FRAME_BYTES;
      budget -= lengthAt(window, start) ?? 0;
      const found = recordAt(window, start);
      if (found !== null) return found;
    }
  }
  return null;
}
