import path from 'node:path';
import { decodeRecord } from '../../record/index.js';
import type { Recovered } from '../found.js';
import { decodeHeader, FRAME_BYTES, HEADER_BYTES } from '../format.js';
import type { Quarantine } from '../quarantine.js';
import type { Damage } from '../segment.js';
import { Window } from '../window.js';
import type { ScanContext, Scanned, ScannedSegment } from './scan.js';

/** What stays of a segment, and what must be done for that. */
export interface Repair {
  readonly damage: readonly Damage[];
  readonly recovered: Recovered | null;
}

/** Keeps the records that `isGood` and reach no further than `last`; whatever else is in the segment is set aside. */
export function repairSegment(
  context: ScanContext,
  quarantine: Quarantine,
  { segment, records, damage }: ScannedSegment,
  last: bigint,
  isGood: (record: Scanned) => boolean,
): Repair {
  const { name, bytes } = segment;
  const reach = records.filter(({ seq }) => seq <= last);
  const good = reach.filter(isGood);
  const end = reach.at(-1)?.end ?? 0;
  const inside = damage.filter((one) => one.offset < end);
  const bad = contentDamage(name, reach, isGood);
  const found = [...inside, ...bad];
  if (reach.length === 0 && segment.firstSeq > last) {
    const kept = quarantine.move(name, 'torn');
    return { damage: [], recovered: { segment: name, offset: 0, bytes, reason: 'torn', kept } };
  }
  if (good.length === 0) {
    quarantine.move(name, 'damaged');
  } else if (found.some((one) => one.bytes > 0)) {
    rewrite(context, quarantine, name, bytes, good);
  } else if (end < bytes) {
    const kept = quarantine.cutOff(name, bytes, end);
    const torn = { segment: name, offset: end, bytes: bytes - end, reason: 'torn', kept } as const;
    return { damage: found, recovered: torn };
  }
  return { damage: found, recovered: null };
}

/** Runs of records that are whole and are not what was hashed. */
function contentDamage(
  segment: string,
  records: readonly Scanned[],
  isGood: (record: Scanned) => boolean,
): Damage[] {
  const damage: (Damage & { readonly lastSeq: bigint })[] = [];
  for (const record of records.filter((one) => !isGood(one))) {
    const { seq, start, end } = record;
    const before = damage.at(-1);
    const joins = before?.lastSeq === seq - 1n && before.offset + before.bytes === start;
    const { offset = start, firstSeq = seq } = joins ? (damage.pop() ?? {}) : {};
    const bytes = end - offset;
    damage.push({ segment, offset, bytes, reason: 'content', firstSeq, lastSeq: seq });
  }
  return damage;
}

function rewrite(
  { directory, files }: ScanContext,
  quarantine: Quarantine,
  name: string,
  bytes: number,
  good: readonly Scanned[],
): void {
  const window = new Window(files, path.join(directory, name), bytes);
  try {
    const frames = good.map(({ start, end }) => window.at(start, end - start));
    const header = decodeHeader(window.at(0, HEADER_BYTES));
    const epoch = header?.epoch ?? epochOf(frames[0]);
    quarantine.replace(name, { epoch, firstSeq: BigInt(name.slice(0, 20)) }, frames);
  } finally {
    window.close();
  }
}

function epochOf(frame: Buffer | undefined): number {
  const decoded = frame === undefined ? null : decodeRecord(frame.subarray(FRAME_BYTES));
  return decoded?.ok === true ? decoded.record.epoch : 0;
}
