import { readJournal } from '../journal/index.js';
import { decodeRecord } from '../record/index.js';
import type { StoredRecord } from '../record/index.js';

/** How the run before this one ended, as its journal tells. */
export interface LastRun {
  /** `none`: the journal is new. `killed`: it could not say goodbye. */
  readonly end: 'none' | 'stopped' | 'killed' | 'reboot';
  readonly lastSeq: bigint;
  /** Unix nanoseconds of its last record; 0 when there is none. */
  readonly lastWallNs: bigint;
}

export const STOP_EVENT = 'stop';

/** The goodbye is among the last records: a checkpoint follows it, and what publishing or a heartbeat still had to say. */
const TAIL = 16n;

/** Reads the last records before `nextSeq`. */
export const readLastRun = (journalDir: string, nextSeq: bigint, bootId: string): LastRun => {
  const lastSeq = nextSeq - 1n;
  if (lastSeq === 0n) return { end: 'none', lastSeq, lastWallNs: 0n };
  const tail = readTail(journalDir, lastSeq);
  const last = tail.at(-1);
  if (last === undefined) return { end: 'killed', lastSeq, lastWallNs: 0n };
  const stopped = tail.some(
    ({ epoch, kind, sensor }) =>
      epoch === last.epoch && kind === 'sensor' && sensor?.event === STOP_EVENT,
  );
  const end = stopped ? 'stopped' : last.bootId === bootId ? 'killed' : 'reboot';
  return { end, lastSeq, lastWallNs: last.wallNs };
};

const readTail = (journalDir: string, lastSeq: bigint): StoredRecord[] => {
  const after = lastSeq > TAIL ? lastSeq - TAIL : 0n;
  const records: StoredRecord[] = [];
  for (const entry of readJournal(journalDir, { after, until: lastSeq })) {
    const decoded = 'seq' in entry ? decodeRecord(entry.bytes) : null;
    if (decoded?.ok) records.push(decoded.record);
  }
  return records;
};
