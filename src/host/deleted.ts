import { statSync } from 'node:fs';
import { isFileInside } from './inside.js';
import { procPath, readLink } from './procfs.js';

/**
 * The file a process runs has no name left, and no file stands at any of `paths`. What cannot be looked into counts as
 * standing there, and so does everything when the process ended or executed something meanwhile.
 */
export const isDeleted = (tgid: number, paths: readonly string[]): boolean => {
  const link = readLink(procPath(tgid, 'exe'));
  if (link === null || hasName(tgid)) return false;
  const root = readLink(procPath(tgid, 'root'));
  if (root === null || paths.some((path) => mayStand(tgid, root, path))) return false;
  return readLink(procPath(tgid, 'exe')) === link;
};

const hasName = (tgid: number): boolean => {
  try {
    return statSync(procPath(tgid, 'exe'), { bigint: true }).nlink > 0n;
  } catch {
    return true;
  }
};

/**
 * The kernel tells paths from the root of a mount namespace. Below a chroot(2) that is not the root of the process; and
 * what changed its root after its exec (sshd, Chromium, bwrap) has its file outside, where we may see it.
 */
const mayStand = (tgid: number, root: string, path: string): boolean => {
  const below = path.startsWith(`${root}/`) ? path.slice(root.length) : path;
  const places: [number, string][] = [
    [tgid, below],
    [tgid, path],
    [process.pid, path],
  ];
  return places.some(([from, at]) => isFileInside(from, at) !== false);
};
