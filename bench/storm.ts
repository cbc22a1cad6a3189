import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { followJson, startChild, type Owner } from '../test/helpers/children.js';
import { compileTrigger } from '../test/helpers/compile.js';
import { makePlace, startDaemon, type Daemon, type Place } from '../test/helpers/daemon.js';
import type { Line } from '../test/helpers/line.js';
import { scratchDirectory } from '../test/helpers/scratch.js';
import { waitFor } from '../test/helpers/wait.js';
import { lossesOf, readStatus } from './daemon-status.js';
import { waitUntilIdle } from './loss.js';
import { cpuTimes, residentMegabytes } from './machine.js';

const AGENT = 'bench/identity/storm';
const TOKEN = /^storm-\d{8}$/;

export interface Storm {
  readonly execs: number;
  readonly perSecond: number;
  /** Tokens of which no exec was recorded, and of which more than one was. */
  readonly missing: number;
  readonly doubled: number;
  readonly withoutExit: number;
  /** Whose chain does not begin at the parent and end at the agent's root, or of another agent. */
  readonly astray: number;
  readonly losses: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly residentMb: number;
}

interface Found {
  execs: number;
  id: string;
  isWhole: boolean;
}

/**
 * Processes of an agent, each with a number of its own, so many a second: what each cost the daemon, and whether the
 * journal has all of each. The agent is a shell that runs the load, which starts the processes.
 */
export async function measureStorm(owner: Owner, rate: number, seconds: number): Promise<Storm> {
  const shell = join(scratchDirectory(owner), 'bash');
  copyFileSync('/bin/bash', shell);
  const config = { agents: { rules: [{ id: AGENT, match: { exe: [shell] } }] } };
  const daemon = await startDaemon(owner, makePlace(owner, config));
  const load = [compileTrigger('token-storm'), compileTrigger('noop'), 'storm'];
  const pace = ['--rate', String(rate), '--count', String(rate * seconds)];
  const command = [shell, '-c', '"$@"; exit $?', 'storm', ...load, ...pace] as const;
  const child = startChild(owner, command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const told = followJson<{ readonly done: number; readonly last: boolean }>(child);
  await waitFor('the agent', async () => (await readStatus(owner, daemon.place)).agents === 1);
  const before = cpuTimes(daemon.pid);
  const startMs = performance.now();
  child.stdin?.write('\n');
  await once(child, 'exit');
  const tookMs = performance.now() - startMs;
  await waitUntilIdle(daemon.pid);
  const after = cpuTimes(daemon.pid);
  const execs = told.at(-1)?.done ?? 0;
  return {
    execs,
    perSecond: execs / (tookMs / 1000),
    userUs: (after.user - before.user) / execs,
    systemUs: (after.system - before.system) / execs,
    residentMb: residentMegabytes(daemon.pid),
    ...(await settle(owner, daemon, { execs, root: child.pid ?? 0 })),
  };
}

/** Ends the daemon and looks for every token. */
async function settle(
  owner: Owner,
  daemon: Daemon,
  { execs, root }: { readonly execs: number; readonly root: number },
): Promise<Pick<Storm, 'missing' | 'doubled' | 'withoutExit' | 'astray' | 'losses'>> {
  const { place } = daemon;
  const status = await readStatus(owner, place);
  await daemon.stop();
  const { tokens, exits, gaps } = await readTokens(owner, place, root);
  const found = [...tokens.values()];
  return {
    missing: execs - tokens.size,
    doubled: found.filter((one) => one.execs > 1).length,
    withoutExit: found.filter(({ id }) => !exits.has(id)).length,
    astray: found.filter(({ isWhole }) => !isWhole).length,
    losses: Math.max(lossesOf(status), gaps),
  };
}

async function readTokens(owner: Owner, place: Place, root: number) {
  const tokens = new Map<string, Found>();
  const exits = new Set<string>();
  let gaps = 0;
  const tail = startChild(owner, place.command('tail', '--all', '--after', '0', '-o', 'json'), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (tail.stdout === null) throw new Error('tail has no output');
  for await (const text of createInterface({ input: tail.stdout })) {
    const line = JSON.parse(text) as Line;
    if (line.kind === 'gap') gaps += Number(line.gap?.count ?? 0);
    if (line.kind === 'exit') exits.add(idOf(line));
    const token = line.kind === 'exec' ? line.process?.argv[1] : undefined;
    if (token === undefined || !TOKEN.test(token)) continue;
    const execs = (tokens.get(token)?.execs ?? 0) + 1;
    tokens.set(token, { execs, id: idOf(line), isWhole: leadsTo(root, line) });
  }
  return { tokens, exits, gaps };
}

const idOf = ({ process }: Line): string => `${process?.pid ?? ''}:${process?.start_ns ?? ''}`;

/** The load started it, and the shell that is the agent's root the load. */
function leadsTo(root: number, { process, agent }: Line): boolean {
  const { chain = [], ppid } = process ?? {};
  const [load, shell, ...others] = chain;
  const isChain = load?.pid === ppid && shell?.pid === root && others.length === 0;
  const isNamed =
    load?.exe.endsWith('/token-storm') === true && shell?.exe.endsWith('/bash') === true;
  return isChain && isNamed && agent?.id === AGENT;
}
