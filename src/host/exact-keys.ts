import type { ProcessKey } from '../event/index.js';
import { executablePath } from './process-fact.js';
import { effectiveIds, procPath, readText, TICK_NS, ticksOf } from './procfs.js';

/** A process as `/proc` can tell it from others: its start is known to a tick of 10 ms. */
export interface TickKey {
  readonly pid: number;
  readonly ticks: bigint;
}

/** Their exact keys, in any order; one that is gone is left out. */
export type ExactKeys = (pids: readonly TickKey[]) => readonly ProcessKey[];

/** As exact as `/proc` alone: fine to show, and no key that the kernel programs would know. */
export const keysByTick: ExactKeys = (pids) =>
  pids.map(({ pid, ticks }) => ({ tgid: pid, startNs: ticks * TICK_NS }));

export interface KnownProcess {
  readonly key: ProcessKey;
  /** Empty: it may not be looked at. */
  readonly exe: string;
  readonly uid: number;
}

/** Of these pids those that are processes now. This process is never among them: it does nobody's work. */
export const describeProcesses = (
  pids: Iterable<number>,
  exactKeys: ExactKeys,
): readonly KnownProcess[] => {
  const found = new Map<number, Omit<KnownProcess, 'key'> & TickKey>();
  for (const pid of pids) {
    const one = pid === process.pid ? null : describe(pid);
    if (one !== null) found.set(pid, one);
  }
  if (found.size === 0) return [];
  return exactKeys([...found.values()].map(({ pid, ticks }) => ({ pid, ticks }))).flatMap((key) => {
    const one = found.get(key.tgid);
    if (one === undefined || one.ticks !== key.startNs / TICK_NS) return [];
    return [{ key, exe: one.exe, uid: one.uid }];
  });
};

const describe = (pid: number): (Omit<KnownProcess, 'key'> & TickKey) | null => {
  const ticks = ticksOf(pid);
  const exe = executablePath(pid, null) ?? '';
  const ids = effectiveIds(readText(procPath(pid, 'status'), 65_536) ?? '');
  // The same process all along.
  return ticks === null || ids === null || ticksOf(pid) !== ticks
    ? null
    : { pid, ticks, exe, uid: ids.uid };
};
