import type { GapValue } from '../event/index.js';
import type { Journal } from '../journal/index.js';
import type { OwnRecords } from './own-records.js';

/** Turns records the journal had no room for into gaps, once the disk takes records again. */
export class JournalGaps {
  readonly #said = new Map<string, bigint>();

  constructor(
    private readonly journal: Pick<Journal, 'losses' | 'stats'>,
    private readonly own: OwnRecords,
  ) {}

  check(): GapValue[] {
    const losses = this.journal.losses();
    if (losses.length === 0 || this.journal.stats().stalled !== null) return [];
    return losses.flatMap(({ stage, cause, count }) => {
      const more = count - (this.#said.get(cause) ?? 0n);
      if (more === 0n) return [];
      this.#said.set(cause, count);
      return [this.own.gap(stage, cause, more)];
    });
  }
}
