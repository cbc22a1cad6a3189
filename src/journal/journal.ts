import { encodeRecord, MAX_RECORD_BYTES, RecordClass } from '../record/index.js';
import type { Storable } from '../redact/index.js';
import { Backlog } from './backlog.js';
import { codeOf } from './directory.js';
import { JournalError } from './error.js';
import { realFiles } from './files.js';
import { FRAME_BYTES } from './format.js';
import { causeOf, Losses } from './losses.js';
import type { JournalLoss, LossCause } from './losses.js';
import { recover } from './recovery.js';
import type { Recovered, Recovery } from './recovery.js';
import type { Damage } from './segment.js';
import { Store } from './store.js';
import type { StoreOptions } from './store.js';

export interface JournalOptions extends Partial<StoreOptions> {
  /** What may wait in memory while the disk takes nothing. */
  readonly backlogBytes?: number;
}

export interface Opened {
  readonly journal: Journal;
  readonly recovered: Recovered | null;
  readonly damage: readonly Damage[];
}

export interface JournalStats {
  readonly epoch: number;
  readonly nextSeq: bigint;
  readonly committed: bigint;
  readonly backlog: number;
  readonly backlogBytes: number;
  readonly segments: number;
  readonly bytes: number;
  /** errno of the last write while the disk takes nothing, otherwise null. */
  readonly stalled: string | null;
  /** errno with which an old segment would not go, otherwise null. */
  readonly unretired: string | null;
}

const DEFAULTS = {
  maxBytes: 2 ** 31,
  maxAgeMs: 90 * 86_400_000,
  segmentBytes: 16 << 20,
  backlogBytes: 8 << 20,
  onRetired: (): void => undefined,
  files: realFiles,
  now: (): number => Date.now(),
};
const COMMIT_MS = 10;
const COMMIT_RECORDS = 64;
const MAX_RETRY_MS = 1000;

/**
 * The writer of a journal directory; whoever opens it holds the lock of the state directory. Numbers are given at once
 * and used up only by records that reach the disk or wait for it: the journal has no holes of its own making.
 */
export class Journal {
  private readonly epoch: number;
  private readonly store: Store;
  private readonly backlog: Backlog;
  private readonly lost = new Losses();
  private readonly listeners = new Set<(committed: bigint) => void>();
  private nextSeq: bigint;
  private committedSeq: bigint;
  private stalled: string | null = null;
  private waitMs = COMMIT_MS;
  /** A disk that has room for some of the backlog is given some of it. */
  private commitBytes = Number.MAX_SAFE_INTEGER;
  /** The disk did not take so much; less may fit. */
  private less = false;
  private timer: NodeJS.Timeout | null = null;
  private commit: Promise<void> | null = null;
  private closed = false;

  private constructor(directory: string, found: Recovery, options: JournalOptions) {
    const all = { ...DEFAULTS, ...options };
    this.epoch = found.epoch + 1;
    this.store = new Store(directory, this.epoch, found.segments, all);
    this.backlog = new Backlog(all.backlogBytes);
    this.nextSeq = found.nextSeq;
    this.committedSeq = found.nextSeq - 1n;
  }

  /** Makes the directory (0700) where there is none. Throws JournalError when it cannot be used. */
  static open(directory: string, options: JournalOptions = {}): Opened {
    const files = options.files ?? realFiles;
    try {
      files.makeDirectory(directory);
      const found = recover(directory, files);
      const journal = new Journal(directory, found, options);
      return { journal, recovered: found.recovered, damage: found.damage };
    } catch (error) {
      throw new JournalError(directory, codeOf(error), error);
    }
  }

  /** The record's number; null when it is lost, which is counted. Never throws, never waits. */
  append({ body }: Storable): bigint | null {
    if (this.closed) return this.lose('closed');
    const seq = this.nextSeq;
    const record = encodeRecord({ ...body, epoch: this.epoch, seq });
    if (record.length > MAX_RECORD_BYTES) return this.lose('too_large');
    const important = body.class !== RecordClass.activity;
    if (!this.backlog.hasRoom(record.length + FRAME_BYTES, important)) {
      return this.lose(causeOf(this.stalled));
    }
    this.backlog.push(record);
    this.nextSeq = seq + 1n;
    this.schedule();
    return seq;
  }

  /** The last number that is durable. */
  get committed(): bigint {
    return this.committedSeq;
  }

  /** Called with `committed` each time it grew. Gives what ends the calls. */
  onCommit(listener: (committed: bigint) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Waits until everything appended so far is durable; false when the disk does not take it. */
  async flush(): Promise<boolean> {
    const target = this.nextSeq - 1n;
    while (this.committedSeq < target) {
      await this.commitNow();
      if (this.stalled !== null && !this.less) return false;
    }
    return true;
  }

  /** Flushes and ends. What the disk would not take is counted as lost. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flush();
    this.stopTimer();
    this.lost.add(causeOf(this.stalled), this.backlog.length);
    this.backlog.drop(this.backlog.length);
    this.store.endSegment();
  }

  /** Records that never reached the disk, by cause, since the journal was opened. */
  losses(): readonly JournalLoss[] {
    return this.lost.list();
  }

  stats(): JournalStats {
    const segments = this.store.segments();
    return {
      epoch: this.epoch,
      nextSeq: this.nextSeq,
      committed: this.committedSeq,
      backlog: this.backlog.length,
      backlogBytes: this.backlog.bytes,
      segments: segments.length,
      bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
      stalled: this.stalled,
      unretired: this.store.unretired,
    };
  }

  private lose(cause: LossCause): null {
    this.lost.add(cause);
    return null;
  }

  /** At 64 records at once, else after 10 ms; while the disk takes nothing, after a growing while. */
  private schedule(): void {
    if (this.closed || this.commit !== null || this.backlog.length === 0) return;
    if (this.stalled === null && this.backlog.length >= COMMIT_RECORDS) {
      this.stopTimer();
      void this.commitNow();
    } else {
      this.timer ??= setTimeout(() => {
        this.timer = null;
        void this.commitNow();
      }, this.waitMs);
    }
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** One group commit; joins the one under way. */
  private commitNow(): Promise<void> {
    this.commit ??= this.commitOldest().finally(() => {
      this.commit = null;
      this.schedule();
    });
    return this.commit;
  }

  private async commitOldest(): Promise<void> {
    const frames = this.backlog.oldest(Math.min(this.store.room(), this.commitBytes));
    const outcome = await this.store.put(this.committedSeq + 1n, frames);
    this.stalled = outcome.ok ? null : outcome.code;
    this.less = !outcome.ok && causeOf(outcome.code) === 'disk_full' && frames.length > 1;
    const fine = outcome.ok || this.less;
    this.waitMs = fine ? COMMIT_MS : Math.min(this.waitMs * 2, MAX_RETRY_MS);
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    this.commitBytes = outcome.ok
      ? Math.min(this.commitBytes * 2, Number.MAX_SAFE_INTEGER)
      : Math.ceil(bytes / 2);
    if (!outcome.ok) return;
    this.backlog.drop(frames.length);
    this.committedSeq += BigInt(frames.length);
    for (const listener of this.listeners) listener(this.committedSeq);
  }
}
