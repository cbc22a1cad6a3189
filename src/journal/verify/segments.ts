import path from 'node:path';
import { codeOf, present } from '../directory.js';
import type { Segment } from '../directory.js';
import type { Files } from '../files.js';
import { decodeHeader, HEADER_BYTES } from '../format.js';
import { scanSegment } from '../segment.js';
import type { Damage } from '../segment.js';
import { Window } from '../window.js';
import type { FoundDamage, Findings, Span } from './report.js';
import type { Walk } from './walk.js';

/** What the frames of all segments gave. */
export interface Frames {
  readonly missing: readonly Span[];
  /** Bytes behind the last record of the last segment. */
  readonly rest: FoundDamage | null;
  readonly first: bigint | null;
}

const TEXTS: Readonly<Record<Damage['reason'], string>> = {
  header: 'is no header of a segment',
  frame: 'bytes that are no frame',
  sequence: 'a whole record that does not belong here',
  missing: 'records are missing',
  content: 'is not the record that was signed',
  tile: 'is no tile',
};
const MAX_MISSING = 1 << 16;

/** Reads every frame of every segment, and hands the records over in order. */
export function walkSegments(
  directory: string,
  segments: readonly Segment[],
  files: Files,
  walk: Walk,
  findings: Findings,
): Frames {
  const missing: Span[] = [];
  let next = 1n;
  let rest: FoundDamage | null = null;
  let first: bigint | null = null;
  const miss = (firstSeq: bigint, lastSeq: bigint): void => {
    if (missing.length < MAX_MISSING) missing.push({ firstSeq, lastSeq });
    else findings.raise('incomplete');
  };
  segments.forEach((segment, at) => {
    if (rest !== null) findings.add(rest);
    const limit = segments[at + 1]?.firstSeq ?? null;
    const onRecord = (seq: bigint): void => {
      if (seq > next) miss(next, seq - 1n);
      first ??= seq;
      next = seq + 1n;
    };
    rest = walkSegment({ directory, segment, limit, files, walk, findings, onRecord });
  });
  return { missing, rest, first };
}

interface Task {
  readonly directory: string;
  readonly segment: Segment;
  readonly limit: bigint | null;
  readonly files: Files;
  readonly walk: Walk;
  readonly findings: Findings;
  readonly onRecord: (seq: bigint) => void;
}

/** What is behind the last record; null: nothing. */
function walkSegment(task: Task): FoundDamage | null {
  const { directory, segment, limit, files, walk, findings } = task;
  const { name, firstSeq, bytes } = segment;
  let window: Window | null = null;
  try {
    // Retention may have taken it since it was listed.
    window = present(() => new Window(files, path.join(directory, name), bytes));
    if (window === null) return null;
    const header = decodeHeader(window.at(0, HEADER_BYTES));
    if (header !== null && header.firstSeq !== firstSeq) {
      const text = `has the name of segment ${firstSeq} and the header of ${header.firstSeq}`;
      findings.add({ segment: name, offset: 0, bytes: HEADER_BYTES, reason: 'header', text });
    }
    const epoch = header?.epoch ?? null;
    const items = scanSegment(window, { name, offset: 0, expected: firstSeq, limit });
    let step = items.next();
    for (; step.done !== true; step = items.next()) {
      const item = step.value;
      if (item.item === 'damage') {
        // A hole between frames is told with the record behind it.
        if (item.damage.bytes > 0)
          findings.add({ ...item.damage, text: TEXTS[item.damage.reason] });
        continue;
      }
      task.onRecord(item.seq);
      const place = { segment: name, offset: item.start, bytes: item.end - item.start };
      walk.record({ ...place, firstSeq: item.seq, lastSeq: item.seq }, epoch, item.bytes);
    }
    const { end } = step.value;
    if (end >= bytes) return null;
    const reason = end === 0 && header === null ? 'header' : 'frame';
    return { segment: name, offset: end, bytes: bytes - end, reason, text: TEXTS[reason] };
  } catch (error) {
    const text = codeOf(error);
    findings.add({ segment: name, offset: 0, bytes, reason: 'unreadable', text });
    return null;
  } finally {
    window?.close();
  }
}
