import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Whoever starts something that must be ended: a tap test, or the benchmark. */
export interface Owner {
  teardown(end: () => unknown): unknown;
}

/** A command: program and arguments. */
export type Command = readonly [program: string, ...args: string[]];

export interface Finished {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a child that is killed by its pid when the test ends, however it ends. */
export function startChild(t: Owner, command: Command, options: SpawnOptions = {}): ChildProcess {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  t.teardown(() => endChild(child, 'SIGKILL'));
  return child;
}

/**
 * Without what the test runner puts into the environment of every child to load itself into Node: the daemon refuses to
 * start with it, rightly. The process keeps its pid.
 */
export function withoutRunner(command: Command): Command {
  return ['env', '-u', 'NODE_OPTIONS', ...command];
}

/** Sends the signal and waits for the end. Does nothing when it ended already. */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

export interface RunOptions extends SpawnOptions {
  /** Done beside the command, such as to talk to it. */
  readonly begun?: (child: ChildProcess) => Promise<void>;
}

/** Runs a command to its end. It does not reject: a bad exit code is an answer. */
export async function runCommand(
  t: Owner,
  command: Command,
  { begun, ...options }: RunOptions = {},
): Promise<Finished> {
  const child = startChild(t, command, options);
  const stdout = collect(child, 'stdout');
  const stderr = collect(child, 'stderr');
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await begun?.(child);
  const [code, signal] = await ended;
  return { pid: child.pid ?? 0, code, signal, stdout: stdout(), stderr: stderr() };
}

/** Runs a command that prints one JSON document a line. Throws when it fails, with what it said. */
export async function runForJson<T>(
  t: Owner,
  command: Command,
  options: SpawnOptions = {},
): Promise<T[]> {
  const { code, signal, stdout, stderr } = await runCommand(t, command, options);
  if (code !== 0) throw new Error(`${command.join(' ')}: ${code ?? signal ?? ''}\n${stderr}`);
  return parseLines<T>(stdout);
}

/** The lines that are JSON objects. */
export function parseLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as T);
}

/** Follows the JSON lines a child prints: a list that grows. */
export function followJson<T>(child: ChildProcess): T[] {
  const lines: T[] = [];
  if (child.stdout === null) throw new Error('the child has no output to follow');
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line) as T);
  });
  return lines;
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = [];
  child[name]?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
