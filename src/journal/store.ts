import path from 'node:path';
import { codeOf, present } from './directory.js';
import type { Segment } from './directory.js';
import type { Files } from './files.js';
import { bytesOf, HEADER_BYTES } from './format.js';
import { causeOf } from './losses.js';
import { Quarantine } from './quarantine.js';
import { SegmentWriter } from './segment-writer.js';
import type { Outcome } from './segment-writer.js';

export interface StoreOptions {
  readonly segmentBytes: number;
  readonly files: Files;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A segment that was ended because its file failed; what was not durable in it goes to the next. */
export interface Sealed {
  readonly segment: string;
  readonly operation: 'open' | 'write' | 'sync';
  /** errno. */
  readonly code: string;
}

/** The segments of one opening of a journal: each opening begins its own, so nothing is written behind a torn tail. */
export class Store {
  private current: SegmentWriter | null = null;
  private stuck: string | null = null;

  constructor(
    private readonly directory: string,
    private complete: readonly Segment[],
    private readonly options: StoreOptions,
    private readonly onSealed: (sealed: Sealed) => void,
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

  /** Makes frames durable, all or none; the first has the number `firstSeq`. `epoch` is that of a segment it begins. */
  async put(firstSeq: bigint, epoch: number, frames: readonly Buffer[]): Promise<Outcome> {
    const bytes = bytesOf(frames);
    const used = this.current?.bytes ?? 0;
    if (used > 0 && used + bytes > this.options.segmentBytes) this.endSegment();
    const { files } = this.options;
    const header = { epoch, firstSeq };
    const segment = this.current ?? SegmentWriter.create(files, this.directory, header);
    if (!(segment instanceof SegmentWriter)) return segment;
    this.current = segment;
    const outcome = await segment.append(frames);
    if (!outcome.ok) await this.mend(segment, outcome);
    return outcome;
  }

  endSegment(): void {
    if (this.current === null) return;
    const ended = this.current.close(this.options.now());
    this.current = null;
    if (ended.bytes > 0) this.complete = [...this.complete, ended];
    else this.moveAway(ended.name);
  }

  release(): void {
    this.current?.release();
  }

  /** Removes the oldest segments, up to this number, the oldest first; false when one would not go. */
  retire(lastSeq: bigint): boolean {
    const { files } = this.options;
    try {
      for (let [first, next] = this.complete; first !== undefined; [first, next] = this.complete) {
        const end = next?.firstSeq ?? this.current?.segment(0).firstSeq;
        if (end === undefined || end - 1n > lastSeq) break;
        const file = path.join(this.directory, first.name);
        present(() => {
          files.remove(file);
        });
        this.complete = this.complete.slice(1);
      }
      files.syncNow(this.directory);
      this.stuck = null;
    } catch (error) {
      this.stuck = codeOf(error);
    }
    return this.stuck === null;
  }

  /**
   * A full disk leaves the segment good for later. After any other failure its file is not trusted again, least of all
   * after a failed sync, which a second one would report as done (the kernel marks the pages clean): what was not durable
   * goes to a new segment.
   */
  private async mend(
    segment: SegmentWriter,
    { operation, code }: Outcome & { readonly ok: false },
  ): Promise<void> {
    const rewound = await segment.rewind();
    const full = operation === 'write' && causeOf(code) === 'disk_full';
    if (rewound && full) return;
    this.endSegment();
    if (operation !== 'create') this.onSealed({ segment: segment.name, operation, code });
  }

  /** A segment in which nothing is durable would be in the way of the one that takes its place. */
  private moveAway(name: string): void {
    try {
      new Quarantine(this.directory, this.options.files).move(name, 'torn');
    } catch (error) {
      // Then the next create() says so, and the journal stays stalled with it.
      this.stuck = codeOf(error);
    }
  }
}
