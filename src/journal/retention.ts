import type { Segment } from './directory.js';

export interface RetentionLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** Whole segments, the oldest, that go or went. */
export interface Retired {
  readonly segments: number;
  readonly bytes: number;
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
}

/** Each takes time to go: more are taken the next time. */
const MAX_SEGMENTS = 8;

/**
 * The oldest segments that are beyond the limits and reach no further than the number `limit`. The last one, which is
 * being written, always stays.
 */
export function planRetirement(
  segments: readonly Segment[],
  { maxBytes, maxAgeMs }: RetentionLimits,
  nowMs: number,
  limit: bigint,
): Retired | null {
  let left = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  let count = 0;
  let bytes = 0;
  while (count < MAX_SEGMENTS) {
    const [segment, next] = segments.slice(count, count + 2);
    if (segment === undefined || next === undefined || next.firstSeq - 1n > limit) break;
    if (left <= maxBytes && nowMs - segment.modifiedMs <= maxAgeMs) break;
    left -= segment.bytes;
    bytes += segment.bytes;
    count += 1;
  }
  const [first] = segments;
  const next = segments[count];
  return count === 0 || first === undefined || next === undefined
    ? null
    : { segments: count, bytes, firstSeq: first.firstSeq, lastSeq: next.firstSeq - 1n };
}
