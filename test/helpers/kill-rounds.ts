import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readJournal } from '../../src/journal/index.js';
import { decodeRecord } from '../../src/record/index.js';
import { runCommand, startChild, type Owner } from './children.js';
import { makePlace, type Place } from './daemon.js';
import { ALL_WELL, judge, makeStorm, tokenOf, type Judged, type RunningStorm } from './oracle.js';
import { generate } from './generator.js';
import { waitFor } from './wait.js';
import { digestOf, witness, type Witness } from './witness.js';

/** Actions a second of the workload that runs through all kills. */
const RATE = 400;
/** A kill comes so many records behind the first new action, at most. */
const MOST_RECORDS = 120;
/** A busy machine is no fault of the daemon's. */
const PATIENCE_MS = 60_000;
/** Every so often it comes earlier: at a random moment of the start, when recovery is at work. */
const EARLY_EVERY = 5;
const START_MS = 400;

/** What one start and its kill showed. */
export interface KillRound {
  /** From the start of the process to the first committed record of an action done since; null: killed before that. */
  readonly consumingMs: number | null;
  /** Exit code of `watchfloor verify` after the kill before, and what it said if that was not 0; null: killed before that. */
  readonly verify: string | null;
  /** Records shown as committed that were not there after the kill, or not the same. */
  readonly lost: readonly bigint[];
}

/** What the whole journal says behind the last kill. */
export interface Aftermath {
  readonly records: number;
  readonly actions: number;
  /** Bytes the reader called damage. */
  readonly damage: readonly string[];
  readonly torn: number;
  readonly eventIdsTwice: number;
  /** Of the actions between the first and the last that each run of the daemon journaled. */
  readonly runs: Judged;
  /** Gap records that say a daemon was killed. */
  readonly killsSaid: number;
}

interface Life {
  readonly child: ChildProcess;
  readonly alive: () => boolean;
  readonly seen: Witness;
  readonly consumingMs: () => number | null;
}

/** A journal whose daemon is killed again and again under load. */
export class KillRounds {
  readonly #place: Place;
  readonly #storm: RunningStorm;
  #random: number;
  #rounds = 0;
  #lastShown = 0n;

  private constructor(
    private readonly owner: Owner,
    seed: number,
    { place, storm }: { place: Place; storm: RunningStorm },
  ) {
    this.#random = seed;
    this.#place = place;
    this.#storm = storm;
  }

  /** `seed` decides every kill's moment. */
  static begin(owner: Owner, seed: number): KillRounds {
    const storm = makeStorm(owner);
    const rule = { id: 'test/faults/kill', match: { exe: [storm.exe] } };
    const place = makePlace(owner, { agents: { signatures: false, rules: [rule] } });
    const running = storm.start(['--count', '100000000', '--rate', String(RATE)]);
    running.go();
    return new KillRounds(owner, seed, { place, storm: running });
  }

  /** Starts the daemon on what the kill before left, and kills it: at a random moment of its start or of its work. */
  async round(): Promise<KillRound> {
    const { child, alive, seen, consumingMs } = this.#start();
    const gone = once(child, 'exit');
    let verify: string | null = null;
    if (++this.#rounds % EARLY_EVERY === 0) {
      await delay(this.#pick(START_MS));
    } else {
      await waitFor('a new action', () => consumingMs() !== null || !alive(), PATIENCE_MS);
      verify = await this.#verify();
      const until = seen.shown.size + this.#pick(MOST_RECORDS);
      await waitFor('the moment', () => seen.shown.size >= until || !alive(), PATIENCE_MS);
    }
    if (!alive()) throw new Error('the daemon ended by itself');
    child.kill('SIGKILL');
    await gone;
    await seen.ended;
    return { consumingMs: consumingMs(), verify, lost: this.#missing(seen.shown) };
  }

  #start(): Life {
    const before = this.#lastOnDisk();
    const startedMs = performance.now();
    const child = startChild(this.owner, this.#place.command('run'), { stdio: 'ignore' });
    const alive = (): boolean => child.exitCode === null && child.signalCode === null;
    let consumingMs: number | null = null;
    const seen = witness(this.#place, this.#lastShown, alive, ({ seq, bytes }) => {
      this.#lastShown = seq;
      if (consumingMs !== null || seq <= before || actionOf(bytes) === null) return;
      consumingMs = performance.now() - startedMs;
    });
    return { child, alive, seen, consumingMs: () => consumingMs };
  }

  async #verify(): Promise<string> {
    const { code, stdout, stderr } = await runCommand(this.owner, this.#place.command('verify'));
    return code === 0 ? '0' : `${code}: ${stdout}${stderr}`;
  }

  #missing(shown: ReadonlyMap<bigint, string>): bigint[] {
    const [first = 1n] = shown.keys();
    const there = new Map<bigint, string>();
    for (const entry of this.#entries(first - 1n)) {
      if ('seq' in entry) there.set(entry.seq, digestOf(entry.bytes));
    }
    return [...shown].flatMap(([seq, digest]) => (there.get(seq) === digest ? [] : [seq]));
  }

  /** What the run before committed last may not have been shown; it is no sign of life of the next one. */
  #lastOnDisk(): bigint {
    let last = this.#lastShown;
    for (const entry of this.#entries(last)) if ('seq' in entry) last = entry.seq;
    return last;
  }

  #entries(after: bigint): ReturnType<typeof readJournal> {
    return readJournal(join(this.#place.stateDir, 'journal'), { after });
  }

  #pick(below: number): number {
    const bytes = generate(this.#random, 4);
    this.#random = Buffer.from(bytes).readUInt32LE();
    return this.#random % below;
  }

  /** Ends the workload and reads everything. */
  aftermath(): Aftermath {
    this.#storm.end();
    return readAftermath(this.#entries(0n));
  }
}

const actionOf = (bytes: Uint8Array): number | null => {
  const decoded = decodeRecord(bytes);
  if (!decoded.ok || decoded.record.kind !== 'exec') return null;
  return tokenOf(decoded.record.process?.argv);
};

function readAftermath(entries: ReturnType<typeof readJournal>): Aftermath {
  const [damage, ids, byEpoch] = [[] as string[], new Set<string>(), new Map<number, number[]>()];
  let [records, torn, killsSaid] = [0, 0, 0];
  for (const entry of entries) {
    if ('damage' in entry) {
      damage.push(`${entry.damage.segment}: ${entry.damage.reason}`);
      continue;
    }
    records += 1;
    const decoded = decodeRecord(entry.bytes);
    if (!decoded.ok) {
      torn += 1;
      continue;
    }
    const { record } = decoded;
    ids.add(record.eventId);
    if (record.gap?.cause === 'killed') killsSaid += 1;
    const token = actionOf(entry.bytes);
    if (token === null) continue;
    const tokens = byEpoch.get(record.epoch) ?? [];
    byEpoch.set(record.epoch, [...tokens, token]);
  }
  const runs = [...byEpoch.values()].map((all) => judge(all, all[0] ?? 0, (all.at(-1) ?? -1) + 1));
  const every = judge([...byEpoch.values()].flat(), 0, 0);
  return {
    ...{ records, damage, torn, killsSaid },
    actions: [...byEpoch.values()].reduce((sum, all) => sum + all.length, 0),
    eventIdsTwice: records - torn - ids.size,
    runs: { ...every, lost: runs.flatMap(({ lost }) => lost) },
  };
}

export const NOTHING_AMISS = { damage: [], torn: 0, eventIdsTwice: 0, runs: ALL_WELL };
