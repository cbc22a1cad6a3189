import { statSync } from 'node:fs';
import type { Command, FileId, UnixPeerFact } from '../event/index.js';
import { describeProcesses, type ExactKeys } from './exact-keys.js';
import { sameFile } from './file-identity.js';
import { socketInside, wholePath } from './inside.js';
import { insider } from './listener.js';
import { findProcesses } from './processes.js';
import { descriptorsOf, isAlive, procPath, readLink } from './procfs.js';
import type { TimeBudget } from './time-budget.js';
import { asPrinted, type BoundSocket, readUnixTable } from './unix-table.js';

const MAX_DESCRIPTORS = 262_144;
const MAX_NAMESPACES = 256;
const MAX_PEERS = 64;

type Question = Command & { readonly do: 'look_up_unix_peer' };
type IsOver = () => boolean;
/** What was asked for, as a path and as a file; null: it is not to be seen. */
interface Wanted {
  readonly whole: string;
  readonly file: FileId | null;
  /** By the process that asked itself; it may have ended. */
  readonly isSeen: boolean;
}
/** A socket, and a process that holds it. */
interface Held extends BoundSocket {
  readonly pid: number;
}

/**
 * Who can be reached at that path or abstract name. A path is a file: which one the asking process means is decided in
 * its root, which one a listener made in the listener's, and device and inode tell whether they are the same; so a name
 * in another container, a bind mount or a link does not hide it. Never throws; what takes too long is left out.
 */
export const unixPeerFact = (
  { path, netns, near }: Question,
  exactKeys: ExactKeys,
  budget: TimeBudget,
): UnixPeerFact => {
  const inside = insider(netns, near);
  const pids = budget.spend((isOver) => {
    if (inside === null) return [];
    if (path.startsWith('@') || path.startsWith('\0')) return holdersOfName(path, inside, isOver);
    return holdersOfPath(path, isAlive(near) ? near.tgid : null, inside, isOver);
  });
  const peers = describeProcesses([...new Set(pids)].slice(0, MAX_PEERS), exactKeys);
  return { fact: 'unix_peer', path, netns, peers };
};

/** Abstract names belong to a network namespace (unix(7)). */
const holdersOfName = (name: string, inside: number, isOver: IsOver): number[] => {
  const printed = asPrinted(name);
  const bound = readUnixTable(inside).filter(({ path }) => path === printed);
  return heldBy(bound, isOver).map(({ pid }) => pid);
};

/** A path is looked up as a file, so its listener may live in any network namespace. */
const holdersOfPath = (
  path: string,
  near: number | null,
  inside: number,
  isOver: IsOver,
): number[] => {
  const asking = near ?? inside;
  const wanted: Wanted = {
    whole: wholePath(asking, asPrinted(path)),
    file: socketInside(asking, path),
    isSeen: near !== null,
  };
  const found = matching(wanted, heldBy(tablesOf([inside, process.pid]), isOver));
  if (found.length > 0 || wanted.file === null) return found;
  return matching(wanted, heldBy(tablesOf(namespaces(isOver)), isOver));
};

/** One process of each network namespace. */
const namespaces = (isOver: IsOver): number[] => {
  const found = new Map<string, number>();
  for (const pid of findProcesses()) {
    if (isOver() || found.size >= MAX_NAMESPACES) break;
    const link = readLink(procPath(pid, 'ns/net'));
    if (link !== null && !found.has(link)) found.set(link, pid);
  }
  return [...found.values()];
};

const tablesOf = (pids: readonly number[]): BoundSocket[] => {
  const found = new Map<string, BoundSocket>();
  for (const pid of pids) {
    for (const one of readUnixTable(pid)) found.set(`${one.inode} ${one.path}`, one);
  }
  return [...found.values()].filter(({ path }) => !path.startsWith('@'));
};

/**
 * Of processes that hold sockets those whose socket is the wanted file. Where one of both files is not to be seen, such
 * as one that was unlinked right after, the name decides. If there are none, whoever holds a socket under a name that is
 * not its own any more: a bound socket can be renamed. A line that somebody forged adds a peer and hides none.
 */
const matching = ({ whole, file, isSeen }: Wanted, held: readonly Held[]): number[] => {
  const seen = held.map((one) => ({ ...one, file: socketInside(one.pid, one.path) }));
  const sure = seen.filter((one) => {
    if (file !== null && one.file !== null) return sameFile(one.file, file);
    // What the listener sees at that name and the asking process does not is in other mounts.
    const isElsewhere = isSeen && file === null && one.file !== null;
    return !isElsewhere && wholePath(one.pid, one.path) === whole;
  });
  if (sure.length > 0 || file === null) return sure.map(({ pid }) => pid);
  const inodes = new Map<string, Set<string>>();
  for (const { path, inode } of held) {
    inodes.set(path, (inodes.get(path) ?? new Set<string>()).add(inode));
  }
  const isLost = (one: Held & { file: FileId | null }): boolean =>
    one.file === null || (inodes.get(one.path)?.size ?? 0) > 1;
  return seen.filter(isLost).map(({ pid }) => pid);
};

/** Every process that holds one of these sockets. Those with few descriptors first: many are easily made. */
const heldBy = (bound: readonly BoundSocket[], isOver: IsOver): Held[] => {
  if (bound.length === 0) return [];
  const byInode = new Map<string, BoundSocket[]>();
  for (const one of bound) {
    const link = `socket:[${one.inode}]`;
    byInode.set(link, [...(byInode.get(link) ?? []), one]);
  }
  const found: Held[] = [];
  let looked = 0;
  for (const pid of byDescriptors(isOver)) {
    const mine = new Set<string>();
    for (const fd of descriptorsOf(pid)) {
      if ((looked += 1) > MAX_DESCRIPTORS || (looked % 64 === 0 && isOver())) return found;
      const link = readLink(procPath(pid, `fd/${fd}`));
      if (link === null || mine.has(link)) continue;
      const sockets = byInode.get(link) ?? [];
      mine.add(link);
      found.push(...sockets.map((socket) => ({ ...socket, pid })));
    }
  }
  return found;
};

/** From Linux 6.2 on the size of the directory is the number of descriptors (proc_pid_fd(5)). */
const byDescriptors = (isOver: IsOver): number[] => {
  const counted: { pid: number; count: number }[] = [];
  for (const pid of findProcesses()) {
    if (isOver()) break;
    try {
      counted.push({ pid, count: statSync(procPath(pid, 'fd')).size });
    } catch {
      // It ended.
    }
  }
  return counted.sort((a, b) => a.count - b.count).map(({ pid }) => pid);
};
