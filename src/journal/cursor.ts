import path from 'node:path';
import { listSegments, present } from './directory.js';
import type { Segment } from './directory.js';
import { realFiles } from './files.js';
import type { Files } from './files.js';
import { segmentName } from './format.js';
import { scanSegment } from './segment.js';
import type { Damage, SegmentItem } from './segment.js';
import { Window } from './window.js';

export type JournalEntry =
  { readonly seq: bigint; readonly bytes: Uint8Array } | { readonly damage: Damage };

export interface ReadOptions {
  /** Records behind this number; 0: from the oldest. */
  readonly after?: bigint;
  /** Last number wanted, such as what the writer has committed. */
  readonly until?: bigint;
}

/** Everything there is now, in order; damage comes as an entry where it lies. */
export function readJournal(directory: string, options: ReadOptions = {}): Iterable<JournalEntry> {
  return new JournalCursor(directory, options).read(options.until);
}

/**
 * A place in a journal that another process may be writing. Each read() goes on where the last one ended, over rotation,
 * retention and restarts of the writer; a reader that stops in the middle of read() loses nothing.
 */
export class JournalCursor {
  private segment: bigint | null = null;
  private offset = 0;
  private start = 0;
  /** What the next record of this segment must be numbered; behind `last` only where `after` lies ahead. */
  private expected = 1n;
  private last: bigint;

  constructor(
    private readonly directory: string,
    { after = 0n }: ReadOptions = {},
    private readonly files: Files = realFiles,
  ) {
    this.last = after;
  }

  /** Where the record lies that was read last: its segment's name and the offset of its frame. */
  get place(): { readonly segment: string; readonly offset: number } {
    return { segment: segmentName(this.segment ?? 0n), offset: this.start };
  }

  /** The last number that was read, or lost. */
  get position(): bigint {
    return this.last;
  }

  *read(until: bigint | null = null): Generator<JournalEntry, void, undefined> {
    for (;;) {
      // Listed before reading: a segment that has a successor in this list is complete.
      const segments = listSegments(this.directory, this.files);
      const index = this.findSegment(segments);
      const current = segments[index];
      if (current === undefined) return;
      if (current.firstSeq !== this.segment) yield* this.enter(current);
      const next = segments[index + 1] ?? null;
      const done = yield* this.readSegment(current, next, until);
      if (done || next === null) return;
      yield* this.enter(next);
    }
  }

  /** The segment being read; when it is gone or none was, the one that holds the next number. */
  private findSegment(segments: readonly Segment[]): number {
    const same = segments.findIndex(({ firstSeq }) => firstSeq === this.segment);
    if (same >= 0) return same;
    return Math.max(
      segments.findLastIndex(({ firstSeq }) => firstSeq <= this.last + 1n),
      0,
    );
  }

  private *enter({ name, firstSeq }: Segment): Generator<JournalEntry, void, undefined> {
    const expected = this.last + 1n;
    this.segment = firstSeq;
    this.offset = 0;
    this.expected = firstSeq;
    if (firstSeq <= expected) return;
    const fresh = this.last === 0n;
    this.last = firstSeq - 1n;
    // Who begins at the oldest record misses nothing that retention took before.
    if (fresh) return;
    const missing = { reason: 'missing', firstSeq: expected, lastSeq: this.last } as const;
    yield { damage: { segment: name, offset: 0, bytes: 0, ...missing } };
  }

  /** True when `until` was reached. */
  private *readSegment(
    { name, bytes }: Segment,
    next: Segment | null,
    until: bigint | null,
  ): Generator<JournalEntry, boolean, undefined> {
    const file = path.join(this.directory, name);
    // Retention may have taken it since it was listed.
    const window = present(() => new Window(this.files, file, bytes));
    if (window === null) return false;
    try {
      const { offset, expected } = this;
      const limit = next?.firstSeq ?? null;
      const items = scanSegment(window, { name, offset, expected, limit });
      let step = items.next();
      for (; step.done !== true; step = items.next()) {
        const item = step.value;
        if (item.item === 'record' && until !== null && item.seq > until) return true;
        yield* this.take(item);
      }
      if (next !== null) yield* this.takeRest(name, bytes, step.value.end, next);
      return false;
    } finally {
      window.close();
    }
  }

  private *take(item: SegmentItem): Generator<JournalEntry, void, undefined> {
    const known = this.last;
    const reached = item.item === 'record' ? item.seq : (item.damage.lastSeq ?? this.expected - 1n);
    this.offset = item.end;
    this.expected = reached + 1n;
    if (reached > known) this.last = reached;
    if (item.item === 'damage') {
      if (item.damage.lastSeq === undefined || reached > known) yield { damage: item.damage };
    } else if (item.seq > known) {
      this.start = item.start;
      yield { seq: item.seq, bytes: item.bytes };
    }
  }

  /** Behind the last record of a complete segment nothing should be, and no number before the next segment. */
  private *takeRest(
    segment: string,
    size: number,
    end: number,
    next: Segment,
  ): Generator<JournalEntry, void, undefined> {
    const bytes = Math.max(size - end, 0);
    const missing = next.firstSeq > this.last + 1n;
    const lost = missing ? { firstSeq: this.last + 1n, lastSeq: next.firstSeq - 1n } : {};
    if (missing) this.last = next.firstSeq - 1n;
    if (bytes === 0 && !missing) return;
    const reason = bytes > 0 ? 'frame' : 'missing';
    yield { damage: { segment, offset: end, bytes, reason, ...lost } };
  }
}
