import type { TreeState } from '../tlog/index.js';
import type { Found } from './found.js';
import type { Journal } from './journal.js';
import type { LogOptions } from './record-log.js';

export interface JournalOptions extends Partial<LogOptions> {
  /** What was signed last; null: nothing yet, or nobody signs. */
  readonly anchor?: TreeState | null;
  /** What may wait in memory while the disk takes nothing. */
  readonly backlogBytes?: number;
}

export interface Opened {
  readonly journal: Journal;
  readonly found: Found;
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
  /** Whether activity is lost now, because the disk is full but for what the reserve gave. */
  readonly shedding: boolean;
  /** Bytes of disk kept for findings. */
  readonly reserve: number;
  /** Segments that were ended because their file failed, since the journal was opened. */
  readonly sealed: number;
  /** errno with which an old segment would not go, otherwise null. */
  readonly unretired: string | null;
  /** errno with which a checkpoint was not written, otherwise null. */
  readonly unsavedNote: string | null;
}
