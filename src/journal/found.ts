import type { TreeState } from '../tlog/index.js';
import type { Damage } from './segment.js';

/** The end of the journal that was no record: moved to a file of its own, not deleted. */
export interface Recovered {
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
  readonly reason: 'torn';
  /** Name of the file in quarantine/ that has the bytes now. */
  readonly kept: string;
}

/** Signed records that are not there. */
export interface Lost {
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  /**
   * `truncated`: the directory itself says that it was longer. `rollback`: nothing in it does, or it is another history
   * than the signed one: all of these are gone. `damaged`: some between them are gone, or are not those that were signed;
   * which ones is in `damage`.
   */
  readonly cause: 'truncated' | 'damaged' | 'rollback';
}

/** What an opening found, and did about it. */
export interface Opening {
  readonly recovered: Recovered | null;
  readonly damage: readonly Damage[];
  /** Names of files in quarantine/. */
  readonly quarantined: readonly string[];
  readonly lost: Lost | null;
}

export interface Found extends Opening {
  /** With `lost`: what the first record must repeat, as a checkpoint. */
  readonly link: TreeState | null;
}
