import type { Outcome } from './segment-writer.js';

export type LossCause = 'disk_full' | 'io_error' | 'backlog_full' | 'too_large' | 'closed';

/** What a gap record says of the journal. */
export interface JournalLoss {
  readonly stage: 'journal';
  readonly cause: LossCause;
  /** Since the journal was opened; never goes back. */
  readonly count: bigint;
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Why there is no room, by the errno of the last failed write. */
export function causeOf(errno: string | null): LossCause {
  if (errno === null) return 'backlog_full';
  return FULL.has(errno) ? 'disk_full' : 'io_error';
}

export const isDiskFull = (outcome: Outcome): boolean =>
  !outcome.ok && causeOf(outcome.code) === 'disk_full';

export class Losses {
  private readonly counts = new Map<LossCause, bigint>();

  add(cause: LossCause, count = 1): void {
    if (count > 0) this.counts.set(cause, (this.counts.get(cause) ?? 0n) + BigInt(count));
  }

  list(): JournalLoss[] {
    return [...this.counts].map(([cause, count]) => ({ stage: 'journal', cause, count }));
  }
}
