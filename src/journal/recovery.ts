import path from 'node:path';
import { listSegments } from './directory.js';
import type { Segment } from './directory.js';
import type { Files } from './files.js';
import { decodeHeader, HEADER_BYTES } from './format.js';
import { scanSegment } from './segment.js';
import type { Damage } from './segment.js';
import { Window } from './window.js';

/** The end of the last segment that was no record: moved to a file of its own, not deleted. */
export interface Recovered {
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
  readonly reason: 'torn';
  /** Name of the file that has the bytes now. */
  readonly kept: string;
}

export interface Recovery {
  readonly segments: readonly Segment[];
  readonly nextSeq: bigint;
  /** Of the newest segment that says one; 0: none. */
  readonly epoch: number;
  readonly recovered: Recovered | null;
  /** Inside the last segment, records behind it. Left as it is. */
  readonly damage: readonly Damage[];
}

/**
 * Finds where a journal goes on, and sets aside what a write left half done. A last segment without any record goes
 * whole: the next one takes its name. The one before it may then hold more than was durable, and that counts.
 */
export function recover(directory: string, files: Files): Recovery {
  const segments = listSegments(directory, files);
  const last = segments.at(-1);
  if (last === undefined) return { segments, nextSeq: 1n, epoch: 0, recovered: null, damage: [] };
  const scan = scanSegmentOf(directory, last, files);
  const empty = scan.next === last.firstSeq;
  const whole = !empty && scan.end === last.bytes;
  const recovered = whole ? null : setAside(directory, last, empty ? 0 : scan.end, files);
  const kept = whole ? segments : listSegments(directory, files);
  const before = empty ? kept.at(-1) : undefined;
  const { next, damage } = before ? scanSegmentOf(directory, before, files) : scan;
  const nextSeq = next > scan.next ? next : scan.next;
  return { segments: kept, nextSeq, epoch: newestEpoch(directory, kept, files), recovered, damage };
}

function scanSegmentOf(
  directory: string,
  { name, firstSeq, bytes }: Segment,
  files: Files,
): { end: number; next: bigint; damage: Damage[] } {
  const window = new Window(files, path.join(directory, name), bytes);
  try {
    const damage: Damage[] = [];
    const items = scanSegment(window, { name, offset: 0, expected: firstSeq, limit: null });
    let step = items.next();
    for (; step.done !== true; step = items.next()) {
      if (step.value.item === 'damage') damage.push(step.value.damage);
    }
    return { ...step.value, damage };
  } finally {
    window.close();
  }
}

/** The copy is durable before the original is cut. From offset 0, the file is moved whole. */
function setAside(
  directory: string,
  { name, bytes }: Segment,
  end: number,
  files: Files,
): Recovered {
  const kept = `${name}.${end}.torn`;
  const from = path.join(directory, name);
  const to = path.join(directory, kept);
  if (end === 0) {
    files.rename(from, to);
  } else {
    const window = new Window(files, from, bytes);
    files.writeWhole(to, window.at(end, bytes - end));
    window.close();
    files.cut(from, end);
  }
  files.syncDirectory(directory);
  return { segment: name, offset: end, bytes: bytes - end, reason: 'torn', kept };
}

function newestEpoch(directory: string, segments: readonly Segment[], files: Files): number {
  for (const { name, bytes } of segments.toReversed()) {
    const window = new Window(files, path.join(directory, name), bytes);
    const header = decodeHeader(window.at(0, HEADER_BYTES));
    window.close();
    if (header !== null) return header.epoch;
  }
  return 0;
}
