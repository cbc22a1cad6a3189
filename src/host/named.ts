import type { NamedFact } from '../event/index.js';
import { describeProcesses, type ExactKeys } from './exact-keys.js';
import { findProcesses } from './processes.js';
import { commOf, procPath, readLink } from './procfs.js';
import type { TimeBudget } from './time-budget.js';

const MAX_FOUND = 1024;
const DELETED = / \(deleted\)$/;

/** Living processes by the name of the file they run; a busybox by the name it was called by. */
export const namedFact = (
  names: readonly string[],
  exactKeys: ExactKeys,
  budget: TimeBudget,
): NamedFact => {
  const wanted = new Set(names);
  const pids = budget.spend((isOver) => {
    const found: number[] = [];
    for (const pid of findProcesses()) {
      if (found.length >= MAX_FOUND || isOver()) break;
      if (runsOneOf(pid, wanted)) found.push(pid);
    }
    return found;
  });
  return { fact: 'named', names, processes: describeProcesses(pids, exactKeys) };
};

const runsOneOf = (pid: number, wanted: ReadonlySet<string>): boolean => {
  const link = readLink(procPath(pid, 'exe'));
  if (link === null) return false;
  const name = link.slice(link.lastIndexOf('/') + 1);
  // An upgrade leaves the old program running from a deleted file.
  const bare = name.replace(DELETED, '');
  if (bare === 'busybox') return wanted.has(commOf(pid) ?? '');
  return wanted.has(name) || wanted.has(bare);
};
