import path from 'node:path';
import { codeOf } from './directory.js';
import type { Segment } from './directory.js';
import type { Files } from './files.js';
import { HEADER_BYTES } from './format.js';
import { causeOf } from './losses.js';
import { countRetired } from './retention.js';
import type { RetentionLimits, Retired } from './retention.js';
import { SegmentWriter } from './segment-writer.js';
import type { Outcome } from './segment-writer.js';

export interface StoreOptions extends RetentionLimits {
  readonly segmentBytes: number;
  readonly onRetired: (retired: Retired) => void;
  readonly files: Files;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** The segments of one opening of a journal: each opening begins its own, so nothing is written behind a torn tail. */
export class Store {
  private current: SegmentWriter | null = null;
  private stuck: string | null = null;

  constructor(
    private readonly directory: string,
    private readonly epoch: number,
    private complete: readonly Segment[],
    private readonly options: StoreOptions,
  ) {}

  /** errno with which an old segment would not go, otherwise null. */
  get unretired(): string | null {
    return this.stuck;
  }

  /** Oldest first, the one being written last. */
  segments(): readonly Segment[] {
    const open = this.current?.segment(this.options.now());
    return open === undefined ? this.complete : [...this.complete, open];
  }

  /** Bytes of frames that the next put() should have at most. */
  room(): number {
    const left = this.options.segmentBytes - (this.current?.bytes ?? HEADER_BYTES);
    return left > 0 ? left : this.options.segmentBytes - HEADER_BYTES;
  }

  /** Makes frames durable, all or none; the first has the number `firstSeq`. */
  async put(firstSeq: bigint, frames: readonly Buffer[]): Promise<Outcome> {
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    const used = this.current?.bytes ?? 0;
    if (used > 0 && used + bytes > this.options.segmentBytes) this.endSegment();
    const { files } = this.options;
    const header = { epoch: this.epoch, firstSeq };
    const segment = this.current ?? SegmentWriter.create(files, this.directory, header);
    if (!(segment instanceof SegmentWriter)) return segment;
    this.current = segment;
    const outcome = await segment.append(frames);
    if (outcome.ok) this.retire();
    else await this.mend(segment, outcome);
    return outcome;
  }

  endSegment(): void {
    if (this.current === null) return;
    const ended = this.current.close(this.options.now());
    this.current = null;
    if (ended.bytes > 0) this.complete = [...this.complete, ended];
    else this.moveAway(ended.name);
  }

  /**
   * A full disk leaves the segment good for later. After any other failure its file is not trusted again, least of all
   * after a failed sync, which a second one would report as done (the kernel marks the pages clean): what was not durable
   * goes to a new segment.
   */
  private async mend(
    segment: SegmentWriter,
    failed: Outcome & { readonly ok: false },
  ): Promise<void> {
    const rewound = await segment.rewind();
    const full = failed.operation === 'write' && causeOf(failed.code) === 'disk_full';
    if (!rewound || !full) this.endSegment();
  }

  /** A segment in which nothing is durable would be in the way of the one that takes its place. */
  private moveAway(name: string): void {
    const file = path.join(this.directory, name);
    try {
      this.options.files.rename(file, `${file}.damaged`);
    } catch (error) {
      // Then the next create() says so, and the journal stays stalled with it.
      this.stuck = codeOf(error);
    }
  }

  private retire(): void {
    const segments = this.segments();
    const count = countRetired(segments, this.options, this.options.now());
    const gone = segments.slice(0, count);
    const [first] = gone;
    const next = segments[count];
    if (first === undefined || next === undefined || !this.removeAll(gone)) return;
    this.complete = this.complete.slice(count);
    const bytes = gone.reduce((sum, segment) => sum + segment.bytes, 0);
    const { firstSeq } = first;
    this.options.onRetired({ segments: count, bytes, firstSeq, lastSeq: next.firstSeq - 1n });
  }

  /** With each segment goes what recovery once set aside from it. */
  private removeAll(gone: readonly Segment[]): boolean {
    const { files } = this.options;
    const names = gone.map((segment) => segment.name);
    try {
      for (const file of files.list(this.directory)) {
        if (names.some((name) => file.startsWith(name)))
          files.remove(path.join(this.directory, file));
      }
      this.stuck = null;
      return true;
    } catch (error) {
      this.stuck = codeOf(error);
      return false;
    }
  }
}
