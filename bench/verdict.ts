import { join } from 'node:path';
import { runCommand, type Owner } from '../test/helpers/children.js';
import { compileTrigger } from '../test/helpers/compile.js';
import { makePlace, startDaemon } from '../test/helpers/daemon.js';
import { readKernelSide } from '../test/helpers/recording.js';
import { scratchDirectory } from '../test/helpers/scratch.js';
import type { KernelEvent } from '../src/event/index.js';

/** How long each run forks: a verdict that takes longer is not measured, only counted. */
export const VERDICT_WINDOW_MS = 30;

/**
 * From exec to verdict, milliseconds a run: each run forks from its first instruction on, each fork is a record with the
 * verdict of its moment, and the first one that says `agent` ends the time that began with the exec record.
 */
export async function measureVerdicts(owner: Owner, runs: number): Promise<number[]> {
  const forks = compileTrigger('verdict-forks');
  const recording = join(scratchDirectory(owner), 'recording');
  const config = {
    agents: { signatures: false, rules: [{ id: 'bench/loads/forks', match: { exe: [forks] } }] },
  };
  const daemon = await startDaemon(owner, makePlace(owner, config), '--record', recording);
  const pids: number[] = [];
  for (let run = 0; run < runs; run++) {
    pids.push((await runCommand(owner, [forks, '--ms', String(VERDICT_WINDOW_MS)])).pid);
  }
  await daemon.stop();
  const { events } = readKernelSide(recording);
  return pids.map((pid) => verdictMs(events.filter(({ key }) => key.tgid === pid)));
}

/** Infinity: no verdict while it ran. */
function verdictMs(events: readonly KernelEvent[]): number {
  const exec = events.find(({ kind }) => kind === 'exec');
  const decided = events.find(({ kind, scope }) => kind === 'fork' && scope === 'agent');
  if (exec === undefined || decided === undefined) return Infinity;
  return Number(decided.origin.bootNs - exec.origin.bootNs) / 1e6;
}
