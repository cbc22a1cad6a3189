import { closeSync, copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decodeBatch, LossTracker, type Accounting } from '../../src/decode/index.js';
import { WfLimits } from '../../src/decode/layout.gen.js';
import type {
  Candidates,
  EnvironmentNames,
  KernelEvent,
  KernelPort,
  Loss,
  ProcessKey,
  ProgramStatus,
  RootVerdict,
  TlsStack,
} from '../../src/event/index.js';
import { openHost } from '../../src/host/index.js';
import { openKernel } from '../../src/kernel/index.js';
import { parseLines, type Command, type Owner } from './children.js';
import { cgroupMount } from './environment.js';
import { scratchDirectory } from './scratch.js';
import { waitFor } from './wait.js';
import { makeWaitingShell, runSettled } from './waiting-shell.js';

const MIB = 1024 * 1024;

type OfKind<K extends KernelEvent['kind']> = Extract<KernelEvent, { kind: K }>;

export interface WatchOptions {
  /** What an executed file of `agents` is settled as. */
  readonly verdict?: RootVerdict;
  readonly names?: EnvironmentNames;
  /** Names that make an exec outside every lineage asked about. */
  readonly asking?: Candidates['environment'];
  readonly maxProcesses?: number;
}

/** The real kernel programs, without the daemon: what they say, decoded. */
export interface KernelWatch {
  readonly kernel: KernelPort;
  readonly programs: readonly ProgramStatus[];
  readonly log: readonly string[];
  /** Everything so far, in batches' order. */
  readonly events: readonly KernelEvent[];
  /** What did not come, as the kernel counted it. */
  readonly losses: readonly Loss[];
  of<K extends KernelEvent['kind']>(kind: K, pid: number): OfKind<K>[];
  /** Every event of a process, whatever it is about. */
  about(pid: number): KernelEvent[];
  /** The exit record of an agent's process has come. What is absent is only sure after `stop`. */
  ended(pid: number): Promise<unknown>;
  /**
   * Runs a command that prints JSON lines as an agent whose verdict stands before it begins: what it does first is in
   * no race with one.
   */
  run<T>(command: Command): Promise<T[]>;
  /** Puts probes on the system's OpenSSL. */
  attachSystemTls(): TlsStack;
  /** Drains, detaches, and gives the final account. */
  stop(): Accounting;
}

/**
 * Loads and attaches everything. An executed file of `agents` (paths) is settled as an agent at once; any other that
 * asks is a stranger.
 */
export function watchKernel(
  t: Owner,
  agents: readonly string[],
  { verdict = 'agent', names, asking = [], maxProcesses = 65_536 }: WatchOptions = {},
): KernelWatch {
  const shell = makeWaitingShell(t);
  const paths = [...agents, shell];
  const settled = new Set<number>();
  const events: KernelEvent[] = [];
  const log: string[] = [];
  const losses: Loss[] = [];
  const tracker = new LossTracker();
  const kernel = openKernel({
    rings: { lifecycle: MIB, network: 4 * MIB, payload: 64 * MIB },
    cgroup: cgroupMount(),
    maxCallBytes: MIB,
    wakeBytes: 64 * 1024,
    maxProcesses,
    pollMs: 5,
    maxBatchBytes: MIB,
    wireVersion: WfLimits.WIRE_VERSION,
    log: (line) => log.push(line),
  });
  t.teardown(() => {
    kernel.stop();
  });
  const programs = kernel.start((batch) => {
    const decoded = decodeBatch(batch.bytes);
    losses.push(...tracker.on({ ...decoded, drained: batch.drained, counters: batch.counters }));
    events.push(...decoded.events);
    for (const event of decoded.events) {
      if (event.kind !== 'exec' || !event.asksVerdict) continue;
      kernel.verdict(event.key, paths.includes(event.path) ? verdict : 'stranger');
      settled.add(event.key.tgid);
    }
  });
  kernel.candidates({
    basenames: paths.map((path) => basename(path)),
    parents: [],
    environment: asking,
    anyExec: false,
  });
  if (names !== undefined) kernel.environment(names);
  const of = <K extends KernelEvent['kind']>(kind: K, pid: number): OfKind<K>[] =>
    events.filter((e): e is OfKind<K> => e.kind === kind && e.key.tgid === pid);
  return {
    kernel,
    programs,
    log,
    events,
    losses,
    of,
    about: (pid) => events.filter(({ key }) => key.tgid === pid),
    ended: (pid) => waitFor(`the exit record of ${pid}`, () => of('exit', pid).length > 0),
    run: async <T>(command: Command) => {
      const { stdout } = await runSettled(t, shell, command, (pid) => settled.has(pid));
      return parseLines<T>(stdout);
    },
    attachSystemTls: () => attachSystemTls(kernel),
    stop: () => {
      kernel.stop();
      return tracker.accounting();
    },
  };
}

/** A process that is there, as the task iterator names it. */
export function keyOf(kernel: KernelPort, pid: number): ProcessKey {
  const seed = decodeBatch(kernel.seeds()).events.find(({ key }) => key.tgid === pid);
  if (seed === undefined) throw new Error(`no process ${pid}`);
  return seed.key;
}

function attachSystemTls(kernel: KernelPort): TlsStack {
  const host = openHost();
  const fact = host.stacksFact(null);
  const stack =
    fact.fact === 'stacks' ? fact.stacks.find(({ path }) => /libssl/.test(path)) : undefined;
  const fd = stack === undefined ? null : host.openStack(stack, null);
  if (stack === undefined || fd === null) throw new Error('the system has no OpenSSL to be read');
  kernel.attach(stack, fd);
  closeSync(fd);
  return stack;
}

/** The same program under a name nobody asks about: what a stranger does must give no record at all. */
export function strangerOf(t: Owner, program: string): string {
  const path = join(scratchDirectory(t), `stranger-${basename(program)}`);
  copyFileSync(program, path);
  return path;
}
