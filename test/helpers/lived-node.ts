import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { readJournal } from '../../src/journal/index.js';
import { decodeRecord } from '../../src/record/index.js';
import type { StoredRecord } from '../../src/record/index.js';
import { readSignerState } from '../../src/signer/index.js';
import type { TreeState } from '../../src/signer/index.js';
import { runCommand } from './children.js';
import { makePlace, startDaemon } from './daemon.js';
import type { Daemon, Place } from './daemon.js';
import { ofKind } from './line.js';
import { makeStorm, tokensOf } from './oracle.js';
import { readFiles } from './tamper.js';
import type { Files } from './tamper.js';
import { waitFor } from './wait.js';

const ACTIONS = 40;
/** Replaced in place by newer ones of their kind. */
const NOTES = ['journal/checkpoint', 'journal/cosigned', 'signer/state'];

/** What `watchfloor verify -o json` says, as far as the tests look at it. */
export interface Verified {
  readonly code: number | null;
  readonly last: string;
  readonly tornBytes: number;
  readonly gaps: readonly { readonly firstSeq: string; readonly lastSeq: string }[];
  readonly damage: readonly {
    readonly segment: string;
    readonly reason: string;
    readonly firstSeq?: string;
    readonly lastSeq?: string;
  }[];
}

/** A node with an agent of its own; each life of its daemon is a segment of its journal. */
export class LivedNode {
  readonly place: Place;
  readonly journalDir: string;
  readonly #storm;

  constructor(private readonly t: Test) {
    this.#storm = makeStorm(t);
    const rule = { id: 'test/faults/journal', match: { exe: [this.#storm.exe] } };
    this.place = makePlace(t, { agents: { signatures: false, rules: [rule] } });
    this.journalDir = join(this.place.stateDir, 'journal');
  }

  /** Starts the daemon, with some actions of its agent behind it. */
  async begin(): Promise<Daemon> {
    const daemon = await startDaemon(this.t, this.place);
    const lines = daemon.follow();
    const running = this.#storm.start(['--count', String(ACTIONS)]);
    await waitFor('the agent', () => ofKind(lines, 'agent').length > 0);
    const before = tokensOf(lines).length;
    running.go();
    await waitFor('the actions', () => tokensOf(lines).length >= before + ACTIONS);
    return daemon;
  }

  async live(): Promise<void> {
    this.t.equal(await (await this.begin()).stop(), 0, 'the daemon starts and stops');
  }

  files(): Files {
    return readFiles(this.place.stateDir);
  }

  /** A copy of `from`, or of what a directory in it holds. */
  copyOf({ place }: LivedNode, part = ''): void {
    const [from, to] = [join(place.stateDir, part), join(this.place.stateDir, part)];
    cpSync(from, to, { recursive: true });
  }

  signed(): TreeState {
    const { state } = readSignerState(join(this.place.stateDir, 'signer'));
    if (state === null) throw new Error('nothing was signed');
    return state;
  }

  /** Every record that can be read. */
  records(): StoredRecord[] {
    return [...readJournal(this.journalDir)].flatMap((entry) => {
      const decoded = 'bytes' in entry ? decodeRecord(entry.bytes) : null;
      return decoded?.ok === true ? [decoded.record] : [];
    });
  }

  async verify(): Promise<Verified> {
    const { code, stdout } = await runCommand(this.t, this.place.command('verify', '-o', 'json'));
    return { ...(JSON.parse(stdout) as Omit<Verified, 'code'>), code };
  }
}

/** Files of `before` whose bytes are not all there any more: under their name, in quarantine, or partly in each. */
export function goneFrom(before: Files, after: Files): string[] {
  const aside = [...after].filter(([path]) => path.startsWith('journal/quarantine/'));
  const isKept = (path: string, bytes: Buffer): boolean => {
    const now = after.get(path) ?? Buffer.alloc(0);
    return (
      now.equals(bytes) ||
      aside.some(([, set]) => set.equals(bytes) || Buffer.concat([now, set]).equals(bytes))
    );
  };
  return [...before]
    .filter(([path]) => /^(journal|signer)\//.test(path) && !NOTES.includes(path))
    .filter(([path, bytes]) => !isKept(path, bytes))
    .map(([path]) => path);
}

/** What the newest epoch says about records that were lost before it. */
export function toldBy(records: readonly StoredRecord[]) {
  const epoch = records.at(-1)?.epoch;
  const newest = records.filter((record) => record.epoch === epoch);
  return {
    first: newest[0],
    gaps: newest.flatMap(({ gap }) => (gap?.stage === 'journal' ? [gap] : [])),
    tampers: newest.flatMap(({ finding }) => (finding?.rule === 'sensor.tamper' ? [finding] : [])),
    checkpoints: newest.flatMap(({ checkpoint }) => checkpoint ?? []),
  };
}
