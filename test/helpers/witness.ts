import { createHash } from 'node:crypto';
import { followRecords, readSocketPath } from '../../src/readapi/index.js';
import type { CommittedRecord } from '../../src/readapi/index.js';
import type { Place } from './daemon.js';
import { waitFor } from './wait.js';

/** What a reader of the read socket was shown: those records were committed, whatever came after. */
export interface Witness {
  /** Digest of each record that was shown, by its number. */
  readonly shown: ReadonlyMap<bigint, string>;
  /** Resolves when the daemon is gone. */
  readonly ended: Promise<void>;
}

export const digestOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('base64');

/**
 * Follows from behind `after`, from the moment the daemon of this place can be asked; `on` is called with each record. A
 * daemon that is killed before that is one that showed nothing: `alive` ends the waiting.
 */
export function witness(
  place: Place,
  after: bigint,
  alive: () => boolean,
  on: (record: CommittedRecord) => void,
): Witness {
  const shown = new Map<bigint, string>();
  const follow = async (): Promise<boolean> => {
    try {
      for await (const record of followRecords(readSocketPath(place.runDir), after, true)) {
        shown.set(record.seq, digestOf(record.bytes));
        on(record);
      }
    } catch {
      // Nobody listens yet, or not any more.
    }
    return !alive() || shown.size > 0;
  };
  return { shown, ended: waitFor('the end of the daemon', follow).then(() => undefined) };
}
