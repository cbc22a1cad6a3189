import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  endChild,
  followJson,
  parseLines,
  runCommand,
  startChild,
  withoutRunner,
  type Command,
  type Finished,
  type Owner,
} from './children.js';
import type { Line } from './line.js';
import { scratchDirectory } from './scratch.js';
import { waitFor } from './wait.js';

const MAIN = 'dist/main.js';
const ALL = ['--all', '--after', '0', '-o', 'json'] as const;

/** Directories and configuration of one daemon; it can be started in them more than once. */
export interface Place {
  readonly stateDir: string;
  readonly runDir: string;
  readonly log: string;
  /** `watchfloor <command>` with this place's options. */
  command(name: string, ...args: string[]): Command;
}

export interface Daemon {
  readonly place: Place;
  readonly child: ChildProcess;
  readonly pid: number;
  /** Records as `tail -f --all -o json` prints them: a list that grows. */
  follow(): readonly Line[];
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/**
 * A place in the test's own directory. `config` is what the file says; an empty one is valid. Nothing outlives the
 * daemon unless `sensor.pin` says so.
 */
export function makePlace(t: Owner, config: Readonly<Record<string, unknown>>): Place {
  const dir = scratchDirectory(t);
  const [stateDir, runDir] = [join(dir, 'state'), join(dir, 'run')];
  const file = join(dir, 'config.yaml');
  // JSON is YAML.
  const sensor = { pin: false, ...(config['sensor'] as object | undefined) };
  writeFileSync(file, JSON.stringify({ ...config, sensor }, null, 2));
  const options = ['--config', file, '--state-dir', stateDir, '--run-dir', runDir];
  return {
    stateDir,
    runDir,
    log: join(dir, 'daemon.log'),
    command: (name, ...args) => withoutRunner([process.execPath, MAIN, name, ...options, ...args]),
  };
}

/** The real daemon. When this resolves `status` answers, so every sensor this kernel has is up. */
export async function startDaemon(t: Owner, place: Place, ...args: string[]): Promise<Daemon> {
  const log = openSync(place.log, 'a', 0o600);
  const child = startChild(t, place.command('run', ...args), { stdio: ['ignore', log, log] });
  closeSync(log);
  await waitFor('the daemon', async () => {
    if (child.exitCode !== null) {
      throw new Error(
        `the daemon ended with ${child.exitCode}\n${readFileSync(place.log, 'utf8')}`,
      );
    }
    // 1: it answers, and a sensor is missing on this kernel.
    const { code } = await runCommand(t, place.command('status'));
    return code === 0 || code === 1;
  });
  return {
    place,
    child,
    pid: child.pid ?? 0,
    follow: () => followJson<Line>(startChild(t, place.command('tail', '-f', ...ALL))),
    stop: async () => {
      const ended = once(child, 'exit') as Promise<[number | null]>;
      child.kill('SIGTERM');
      return (await ended)[0];
    },
    kill: () => endChild(child, 'SIGKILL'),
  };
}

/** Everything in the journal, read without or beside the daemon. */
export async function readAll(t: Owner, place: Place): Promise<Line[]> {
  return parseLines<Line>((await tail(t, place, ...ALL)).stdout);
}

export function tail(t: Owner, place: Place, ...args: string[]): Promise<Finished> {
  return runCommand(t, place.command('tail', ...args));
}
