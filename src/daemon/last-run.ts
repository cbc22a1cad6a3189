import { readJournal } from '../journal/index.js';
import { decodeRecord } from '../record/index.js';

/** How the run before this one ended, as its journal tells. */
export interface LastRun {
  /** `none`: the journal is new. `killed`: it could not say goodbye. */
  readonly end: 'none' | 'stopped' | 'killed' | 'reboot';
  readonly lastSeq: bigint;
  /** Unix nanoseconds of its last record; 0 when there is none. */
  readonly lastWallNs: bigint;
}

export const STOP_EVENT = 'stop';

/** Reads the last record before `nextSeq`. */
export const readLastRun = (journalDir: string, nextSeq: bigint, bootId: string): LastRun => {
  const lastSeq = nextSeq - 1n;
  if (lastSeq === 0n) return { end: 'none', lastSeq, lastWallNs: 0n };
  for (const entry of readJournal(journalDir, { after: lastSeq - 1n, until: lastSeq })) {
    if (!('seq' in entry)) continue;
    const decoded = decodeRecord(entry.bytes);
    if (!decoded.ok) continue;
    const { kind, sensor, wallNs, bootId: lastBoot } = decoded.record;
    const stopped = kind === 'sensor' && sensor?.event === STOP_EVENT;
    const end = stopped ? 'stopped' : lastBoot === bootId ? 'killed' : 'reboot';
    return { end, lastSeq, lastWallNs: wallNs };
  }
  return { end: 'killed', lastSeq, lastWallNs: 0n };
};
