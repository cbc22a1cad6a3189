import type { Segment } from './directory.js';

export interface RetentionLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** What retention took: whole segments, the oldest. */
export interface Retired {
  readonly segments: number;
  readonly bytes: number;
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
}

/** How many of the oldest segments are beyond the limits. The last one, which is being written, always stays. */
export function countRetired(
  segments: readonly Segment[],
  { maxBytes, maxAgeMs }: RetentionLimits,
  nowMs: number,
): number {
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  let count = 0;
  for (const segment of segments.slice(0, -1)) {
    if (bytes <= maxBytes && nowMs - segment.modifiedMs <= maxAgeMs) break;
    bytes -= segment.bytes;
    count += 1;
  }
  return count;
}
