import { decodeRecord, MAX_RECORD_BYTES, readEpoch, readSeq } from '../record/index.js';
import { foldRange, HASH_BYTES, leafHash } from '../tlog/index.js';
import { readBase, writeBase } from './base-file.js';
import { countFitting, encodeFrame } from './format.js';
import type { Opening } from './found.js';
import { LOG_DEFAULTS, RecordLog } from './record-log.js';
import type { LogOptions } from './record-log.js';
import type { Base } from './recovery/recover.js';
import type { Retired } from './retention.js';
import type { TreeRange } from './tree.js';

export type MirrorOptions = Partial<LogOptions>;

/** Records that follow each other in one segment or more. */
interface Run {
  nextSeq: bigint;
  readonly epoch: number;
  readonly frames: Buffer[];
}

/** What may wait for commit(). */
const MAX_PENDING_BYTES = 64 << 20;
/** Field 40, a message. */
const STUB_TAG = Buffer.from([0xc2, 0x02]);

/**
 * The gateway's copy of a node's journal: records with the numbers they have. Between commits it holds no file open and
 * no more than the edge of its tree.
 */
export class Mirror {
  private runs: Run[] = [];
  private current: Run | null = null;
  private pendingBytes = 0;
  private base: TreeRange | null = null;
  private committing: Promise<boolean> = Promise.resolve(true);

  private constructor(
    private readonly directory: string,
    private readonly options: LogOptions,
    private readonly log: RecordLog,
  ) {}

  /** Makes the directory (0700) where there is none. Throws JournalError when it cannot be used. */
  static open(directory: string, given: MirrorOptions = {}): Mirror {
    const options = { ...LOG_DEFAULTS, ...given };
    const base = (): Base => ({ tree: readBase(directory, options.files), isSigned: false });
    const log = RecordLog.open(directory, options, base, leafOf);
    return new Mirror(directory, options, log);
  }

  get found(): Opening {
    return this.log.found;
  }

  /** The number that the next record must have. */
  get next(): bigint {
    return this.log.tree.size + 1n;
  }

  get cosigned(): bigint {
    return this.log.cosigned;
  }

  /** False: not the next record, larger than any may be, or too much waits for commit() already. */
  append(bytes: Uint8Array): boolean {
    const seq = readSeq(bytes);
    if (seq !== this.next || bytes.length > MAX_RECORD_BYTES) return false;
    if (this.pendingBytes + bytes.length > MAX_PENDING_BYTES) return false;
    const frame = encodeFrame(bytes);
    this.runOf(seq, readEpoch(bytes)).frames.push(frame);
    this.pendingBytes += frame.length;
    this.log.tree.append(leafOf(bytes));
    return true;
  }

  /** Goes on behind records that are lost. False: not forward, or no tree. */
  skip({ size, root, range }: TreeRange): boolean {
    if (size < this.log.tree.size || foldRange(size, range)?.equals(root) !== true) return false;
    this.log.tree.jump(size, range);
    this.base = { size, root, range };
    this.current = null;
    return true;
  }

  /** The leaf hash of a record; null: not known, as of one that was lost. */
  leafAt(seq: bigint): Buffer | null {
    return this.log.tree.leafAt(seq - 1n);
  }

  /** The tree over all that was appended. */
  tree(): TreeRange {
    return this.log.tree.state();
  }

  rootAt(size: bigint): Buffer | null {
    return this.log.tree.rootAt(size);
  }

  consistencyProof(oldSize: bigint, size: bigint): Buffer[] | null {
    return this.log.tree.consistencyProof(oldSize, size);
  }

  /** Makes durable what was appended before; false when the disk does not take it now: then it waits for the next. */
  commit(): Promise<boolean> {
    this.committing = this.committing.then(() => this.commitAll());
    return this.committing;
  }

  saveCheckpoint(note: string): void {
    this.log.checkpointFile.save(note);
  }

  saveCosigned(note: string, size: bigint): void {
    this.log.saveCosigned(note, size);
  }

  planRetirement(limit: bigint | null): Retired | null {
    return this.log.planRetirement(limit);
  }

  retire(plan: Retired): boolean {
    return this.log.retire(plan);
  }

  async close(): Promise<void> {
    await this.commit();
    await this.log.close();
  }

  /** The node's openings begin segments here as they do there. */
  private runOf(seq: bigint, epoch: number): Run {
    if (this.current?.epoch === epoch) return this.current;
    this.current = { nextSeq: seq, epoch, frames: [] };
    this.runs.push(this.current);
    return this.current;
  }

  private async commitAll(): Promise<boolean> {
    for (let [run] = this.runs; run !== undefined; [run] = this.runs) {
      if (!this.commitBase() || !(await this.commitRun(run))) return false;
      if (this.runs.length === 1) break;
      this.runs.shift();
      this.log.endSegment();
    }
    this.log.tree.save();
    this.log.release();
    return this.commitBase();
  }

  private async commitRun(run: Run): Promise<boolean> {
    while (run.frames.length > 0) {
      const frames = run.frames.slice(0, countFitting(run.frames, this.log.room()));
      const outcome = await this.log.put(run.nextSeq, run.epoch, frames);
      if (!outcome.ok) return false;
      run.nextSeq += BigInt(frames.length);
      for (const frame of run.frames.splice(0, frames.length)) this.pendingBytes -= frame.length;
    }
    return true;
  }

  private commitBase(): boolean {
    const { base } = this;
    try {
      if (base !== null) writeBase(this.directory, base, this.options.files);
      this.base = null;
      return true;
    } catch {
      return false;
    }
  }
}

/** A stub stands in the tree for the record that was too large for the way. */
function leafOf(record: Uint8Array): Buffer {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const decoded = bytes.includes(STUB_TAG) ? decodeRecord(bytes) : null;
  const hash = decoded?.ok === true ? decoded.record.stub?.leafHash : undefined;
  return hash?.length === HASH_BYTES ? Buffer.from(hash) : leafHash(record);
}
