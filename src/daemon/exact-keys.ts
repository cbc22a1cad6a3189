import { decodeBatch } from '../decode/index.js';
import { processId, type ChildrenFact, type KernelPort, type ProcessKey } from '../event/index.js';

/** A process as `/proc` names it: its start is in ticks of 10 ms. */
export interface TickedPid {
  readonly pid: number;
  readonly ticks: bigint;
}

const TICK_NS = 10_000_000n;

/** The kernel's own keys of processes that were found in `/proc`, from one walk over all tasks. Those that are gone are left out. */
export const exactKeys = (
  kernel: Pick<KernelPort, 'seeds'>,
  pids: readonly TickedPid[],
): readonly ProcessKey[] => {
  if (pids.length === 0) return [];
  const wanted = new Map(pids.map(({ pid, ticks }) => [pid, ticks]));
  return decodeBatch(kernel.seeds()).events.flatMap(({ kind, key }) =>
    kind === 'seed' && wanted.get(key.tgid) === key.startNs / TICK_NS ? [key] : [],
  );
};

/** The exact key of whoever has a pid now; null: nobody. */
export const keyOfPid = (kernel: Pick<KernelPort, 'seeds'>, pid: number): ProcessKey | null => {
  const found = decodeBatch(kernel.seeds()).events.find(
    ({ kind, key }) => kind === 'seed' && key.tgid === pid,
  );
  return found?.key ?? null;
};

const CHILDREN_MAX = 256;

/** Who a process has forked lately and still lives. */
export const childrenFact = (
  kernel: Pick<KernelPort, 'seeds'>,
  key: ProcessKey,
  sinceNs: bigint,
): ChildrenFact => {
  const children = decodeBatch(kernel.seeds()).events.flatMap((event) =>
    event.kind === 'seed' &&
    processId(event.parent) === processId(key) &&
    event.key.startNs >= sinceNs
      ? [event.key]
      : [],
  );
  return { fact: 'children', key, children: children.slice(0, CHILDREN_MAX) };
};
