import type { ChildProcess } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { followJson, startChild, type Owner } from './children.js';
import { compileTrigger } from './compile.js';
import type { Line } from './line.js';
import { scratchDirectory } from './scratch.js';
import { waitFor } from './wait.js';

/** What test/triggers/token-storm.c says now and then, and at its end. */
export interface Done {
  readonly pid: number;
  /** Actions: the tokens were 0 to done - 1. */
  readonly done: number;
  readonly datagrams: number;
  readonly last: boolean;
}

/** A workload whose every action carries a number of its own, so that what is lost or doubled is counted, not guessed. */
export interface Storm {
  /** The executable that makes it an agent, under a name nobody else has. */
  readonly exe: string;
  start(options: readonly string[]): RunningStorm;
}

export interface RunningStorm {
  readonly pid: number;
  /** Nothing is done before this. */
  go(): void;
  /** Resolves when so many actions, rounded up to hundreds, are done. */
  reaches(count: number): Promise<unknown>;
  /** Ends it early. */
  end(): void;
  readonly done: Promise<Done>;
}

/** Of the tokens that should have been seen, what became of them. */
export interface Judged {
  readonly lost: readonly number[];
  readonly doubled: readonly number[];
  /** Tokens that came behind a later one. */
  readonly reordered: readonly number[];
}

const PREFIX = 'action';

export function makeStorm(t: Owner): Storm {
  const exe = join(scratchDirectory(t), 'token-storm');
  copyFileSync(compileTrigger('token-storm'), exe);
  const noop = compileTrigger('noop');
  return {
    exe,
    start: (options) => running(startChild(t, [exe, noop, PREFIX, ...options], { stdio: 'pipe' })),
  };
}

function running(child: ChildProcess): RunningStorm {
  const said = followJson<Done>(child);
  return {
    pid: child.pid ?? 0,
    go: () => child.stdin?.end('go\n'),
    reaches: (count) => waitFor(`action ${count}`, () => said.some(({ done }) => done >= count)),
    end: () => child.kill('SIGTERM'),
    get done() {
      return waitFor('the end of the storm', () => said.find(({ last }) => last), 60_000);
    },
  };
}

/** The number in an argument, or null: it is none of ours. */
export function tokenOf(argv: readonly string[] | undefined): number | null {
  const digits = new RegExp(`^${PREFIX}-(\\d{8})$`).exec(argv?.[1] ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Tokens of exec records, in the order of the journal. */
export function tokensOf(lines: readonly Line[]): number[] {
  return lines.flatMap(({ kind, process }) => {
    const token = kind === 'exec' ? tokenOf(process?.argv) : null;
    return token === null ? [] : [token];
  });
}

/** Which datagram went to a destination address, or null. */
export function datagramOf(address: string): number | null {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const number = (b << 16) + (c << 8) + d - 0x100;
  return a === 127 && number >= 0 ? number : null;
}

/** `seen` against the tokens `from` to `until` (exclusive). */
export function judge(seen: readonly number[], from: number, until: number): Judged {
  const times = new Map<number, number>();
  const reordered: number[] = [];
  let highest = -1;
  for (const token of seen) {
    times.set(token, (times.get(token) ?? 0) + 1);
    if (token < highest) reordered.push(token);
    highest = Math.max(highest, token);
  }
  const all = Array.from({ length: Math.max(0, until - from) }, (_, index) => from + index);
  return {
    lost: all.filter((token) => !times.has(token)),
    doubled: [...times].filter(([, count]) => count > 1).map(([token]) => token),
    reordered,
  };
}

export const ALL_WELL: Judged = { lost: [], doubled: [], reordered: [] };
