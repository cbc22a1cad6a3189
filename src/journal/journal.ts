import { encodeRecord, MAX_RECORD_BYTES, RecordClass } from '../record/index.js';
import type { Storable } from '../redact/index.js';
import { leafHash } from '../tlog/index.js';
import { Backlog } from './backlog.js';
import { bytesOf, FRAME_BYTES } from './format.js';
import { causeOf, isDiskFull, Losses } from './losses.js';
import type { JournalLoss, LossCause } from './losses.js';
import type { JournalOptions, JournalStats, Opened } from './options.js';
import { LOG_DEFAULTS, RecordLog } from './record-log.js';
import { Reserve } from './reserve.js';
import type { Retired } from './retention.js';
import type { Damage } from './segment.js';
import type { Outcome } from './segment-writer.js';
import type { Sealed } from './store.js';
import type { TreeRange } from './tree.js';

const BACKLOG_BYTES = 8 << 20;
const MAX_EPOCH = 0xffff_ffff;
const COMMIT_MS = 10;
const COMMIT_RECORDS = 64;
const MAX_RETRY_MS = 1000;

/**
 * The writer of a journal directory; whoever opens it holds the lock of the state directory. Numbers are given at once
 * and used up only by records that reach the disk or wait for it: the journal has no holes of its own making.
 */
export class Journal {
  private readonly epoch: number;
  private readonly backlog: Backlog;
  private readonly reserve: Reserve;
  private readonly lost = new Losses();
  private readonly listeners = new Set<(committed: bigint) => void>();
  private nextSeq: bigint;
  private committedSeq: bigint;
  private stalled: string | null = null;
  private sealed = 0;
  private waitMs = COMMIT_MS;
  /** A disk that has room for some of the backlog is given some of it. */
  private commitBytes = Number.MAX_SAFE_INTEGER;
  /** The disk did not take so much; less may fit. */
  private less = false;
  private timer: NodeJS.Timeout | null = null;
  private commit: Promise<void> | null = null;
  private closed = false;

  private constructor(
    private readonly log: RecordLog,
    reserve: Reserve,
    { backlogBytes = BACKLOG_BYTES }: JournalOptions,
  ) {
    this.epoch = Math.min(log.epoch + 1, MAX_EPOCH);
    this.reserve = reserve;
    this.backlog = new Backlog(backlogBytes);
    this.committedSeq = log.tree.size;
    this.nextSeq = this.committedSeq + 1n;
    log.onSealed(() => {
      this.sealed += 1;
    });
    this.reserve.take();
  }

  /** Makes the directory (0700) where there is none. Throws JournalError when it cannot be used. */
  static open(directory: string, options: JournalOptions = {}): Opened {
    const { anchor = null, files = LOG_DEFAULTS.files } = options;
    const log = RecordLog.open(directory, options, () => ({ tree: anchor, isSigned: true }));
    const journal = new Journal(log, new Reserve(directory, files), options);
    return { journal, found: { ...log.found, link: log.found.lost === null ? null : anchor } };
  }

  /** The record's number; null when it is lost, which is counted. Never throws, never waits. */
  append({ body }: Storable): bigint | null {
    if (this.closed) return this.lose('closed');
    const seq = this.nextSeq;
    const record = encodeRecord({ ...body, epoch: this.epoch, seq });
    if (record.length > MAX_RECORD_BYTES) return this.lose('too_large');
    const important = body.class !== RecordClass.activity;
    if (!important && this.reserve.given) return this.lose('disk_full');
    if (!this.backlog.hasRoom(record.length + FRAME_BYTES, important)) {
      return this.lose(causeOf(this.stalled));
    }
    this.backlog.push(record, leafHash(record));
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

  /** Called when a segment was ended because its file failed. Gives what ends the calls. */
  onSealed(listener: (sealed: Sealed) => void): () => void {
    return this.log.onSealed(listener);
  }

  /** The tree over what is durable. */
  tree(): TreeRange {
    return this.log.tree.state();
  }

  /** null: a size that the tree never had or does not have yet, or one from before a loss. */
  consistencyProof(oldSize: bigint, size: bigint): Buffer[] | null {
    return this.log.tree.consistencyProof(oldSize, size);
  }

  rootAt(size: bigint): Buffer | null {
    return this.log.tree.rootAt(size);
  }

  saveCheckpoint(note: string): void {
    this.log.checkpointFile.save(note);
  }

  /** `size` is what the checkpoint says, whose signatures the caller checked. */
  saveCosigned(note: string, size: bigint): void {
    this.log.saveCosigned(note, size);
  }

  get cosigned(): bigint {
    return this.log.cosigned;
  }

  /** The oldest segments beyond the limits, as far as the number `limit` (null: no limit). Nothing is removed yet. */
  planRetirement(limit: bigint | null): Retired | null {
    return this.log.planRetirement(limit);
  }

  /** Removes what was planned, once it is written that it goes; false when the disk did not let it go. */
  retire(plan: Retired): boolean {
    return this.log.retire(plan);
  }

  /** Checks about so many bytes of old records against the tiles, and tells what was not told before. */
  scrub(bytes: number): readonly Damage[] {
    return this.log.scrub(bytes);
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
    this.reserve.stop();
    await this.log.close();
  }

  /** Records that never reached the disk, by cause, since the journal was opened. */
  losses(): readonly JournalLoss[] {
    return this.lost.list();
  }

  stats(): JournalStats {
    const { segments, unretired, unsavedNote } = this.log;
    return {
      epoch: this.epoch,
      nextSeq: this.nextSeq,
      committed: this.committedSeq,
      backlog: this.backlog.length,
      backlogBytes: this.backlog.bytes,
      segments: segments.length,
      bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
      stalled: this.stalled,
      shedding: this.reserve.given,
      reserve: this.reserve.bytes,
      sealed: this.sealed,
      unretired,
      unsavedNote,
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
    const waiting = this.backlog.oldest(Math.min(this.log.room(), this.commitBytes));
    const frames = waiting.map(({ frame }) => frame);
    let outcome = await this.log.put(this.committedSeq + 1n, this.epoch, frames);
    if (isDiskFull(outcome) && this.reserve.giveUp()) {
      outcome = await this.log.put(this.committedSeq + 1n, this.epoch, frames);
    }
    this.plan(outcome, frames);
    if (!outcome.ok) return;
    this.backlog.drop(frames.length);
    this.committedSeq += BigInt(frames.length);
    for (const { leaf } of waiting) this.log.tree.append(leaf);
    // What the reserve gave is for records: tiles can be made from them later.
    if (!this.reserve.given) this.log.tree.save();
    for (const listener of this.listeners) listener(this.committedSeq);
  }

  /** How much to write next, and when, by what became of these. */
  private plan(outcome: Outcome, frames: readonly Buffer[]): void {
    this.stalled = outcome.ok ? null : outcome.code;
    this.less = isDiskFull(outcome) && frames.length > 1;
    const fine = outcome.ok || this.less;
    this.waitMs = fine ? COMMIT_MS : Math.min(this.waitMs * 2, MAX_RETRY_MS);
    this.commitBytes = outcome.ok
      ? Math.min(this.commitBytes * 2, Number.MAX_SAFE_INTEGER)
      : Math.ceil(bytesOf(frames) / 2);
  }
}
