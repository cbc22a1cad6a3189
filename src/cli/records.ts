import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { listSegments, readJournal, realFiles } from '../journal/index.js';
import type { Damage, JournalEntry } from '../journal/index.js';
import { ask, followRecords, ReadApiError, readSocketPath } from '../readapi/index.js';
import type { CommittedRecord } from '../readapi/index.js';
import type { Config } from '../config/index.js';
import { CliError, EXIT } from './exit.js';

/** Where records come from: the running daemon, or the journal it left. */
export interface RecordSource {
  readonly from: 'daemon' | 'journal';
  last(): Promise<bigint>;
  /** Records with a higher number up to the present, oldest first. */
  read(after: bigint): AsyncIterable<CommittedRecord>;
}

/** How long to wait before asking again for a daemon that is not there. */
const RETRY_MS = 500;

const GONE = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'PROTOCOL']);

/** The daemon when it answers, otherwise the journal. `note` gets what the user should know of it. */
export const openRecords = async (
  config: Config,
  note: (text: string) => Promise<void>,
): Promise<RecordSource> => {
  const socketPath = readSocketPath(config.run_dir);
  if (await isDaemonThere(socketPath)) return daemonSource(socketPath);
  const dir = join(config.state_dir, 'journal');
  await note(`no daemon at ${socketPath}: reading the journal in ${dir}`);
  return journalSource(dir, note);
};

/** True when it answers. Throws when it may not be asked. */
export const isDaemonThere = async (socketPath: string): Promise<boolean> => {
  try {
    await ask(socketPath, 'last');
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw readApiFailure(error, socketPath);
  }
};

const isGone = (error: unknown): boolean => error instanceof ReadApiError && GONE.has(error.code);

/** What a failed request means for the user. */
export const readApiFailure = (error: unknown, socketPath: string): unknown => {
  if (!(error instanceof ReadApiError)) return error;
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    const remedy = 'run it as root or as a member of the group watchfloor';
    return new CliError(EXIT.notPermitted, `${socketPath} may not be read by this user`, remedy);
  }
  const remedy = 'start it: systemctl start watchfloor, or: watchfloor run';
  if (GONE.has(error.code)) {
    return new CliError(EXIT.unavailable, `no daemon answers at ${socketPath}`, remedy);
  }
  return new CliError(EXIT.unavailable, `the daemon refused: ${error.message}`, 'try again later');
};

const daemonSource = (socketPath: string): RecordSource => ({
  from: 'daemon',
  last: async () => BigInt(Number(await ask(socketPath, 'last'))),
  read: (after) => followRecords(socketPath, after, false),
});

const journalSource = (dir: string, note: (text: string) => Promise<void>): RecordSource => ({
  from: 'journal',
  last: async () => Promise.resolve(lastSeq(dir)),
  read: async function* (after) {
    for (const entry of journalEntries(dir, after)) {
      if ('seq' in entry) yield entry;
      else await note(damageText(entry.damage));
    }
  },
});

/** Only the newest segment is read for it. */
const lastSeq = (dir: string): bigint => {
  let last = 0n;
  guarded(dir, () => statSync(dir));
  const newest = guarded(dir, () => listSegments(dir, realFiles).at(-1));
  if (newest === undefined) return last;
  for (const entry of journalEntries(dir, newest.firstSeq - 1n))
    if ('seq' in entry) last = entry.seq;
  return last;
};

/** Records and damage behind `after`. Throws a CliError when the journal cannot be read at all. */
export function* journalEntries(dir: string, after: bigint): Generator<JournalEntry> {
  // A directory that is not there would read as an empty journal.
  guarded(dir, () => statSync(dir));
  const opened = readJournal(dir, { after })[Symbol.iterator]();
  for (;;) {
    const step = guarded(dir, () => opened.next());
    if (step.done === true) return;
    yield step.value;
  }
}

const guarded = <T>(dir: string, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw journalFailure(error, dir);
  }
};

const journalFailure = (error: unknown, dir: string): unknown => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return new CliError(
      EXIT.unavailable,
      `there is no journal in ${dir}`,
      'start the daemon first: watchfloor run',
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new CliError(EXIT.notPermitted, `${dir} may not be read by this user`, 'run it as root');
  }
  return error;
};

/** One line about a damaged place of the journal. */
export const damageText = ({
  segment,
  offset,
  bytes,
  reason,
  firstSeq,
  lastSeq,
}: Damage): string => {
  const numbers =
    firstSeq === undefined || lastSeq === undefined
      ? ''
      : `, records ${firstSeq} to ${lastSeq} are missing`;
  return `${segment}: ${reason} at byte ${offset}, ${bytes} bytes${numbers}`;
};

/**
 * Records behind `after` for as long as the caller wants them, from the daemon and from the one that comes after it.
 */
export async function* followDaemon(
  socketPath: string,
  after: bigint,
  note: (text: string) => Promise<void>,
): AsyncGenerator<CommittedRecord> {
  let position = after;
  let connected = true;
  for (;;) {
    try {
      for await (const record of followRecords(socketPath, position, true)) {
        if (!connected) await note('the daemon is back');
        connected = true;
        position = record.seq;
        yield record;
      }
    } catch (error) {
      if (!isGone(error)) throw readApiFailure(error, socketPath);
    }
    if (connected) await note('the daemon went away: waiting for it');
    connected = false;
    await sleep(RETRY_MS);
  }
}
