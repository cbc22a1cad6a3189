import { lstatSync, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { FileId } from '../event/index.js';
import { fileIdOf } from './files.js';
import { procPath, readLink } from './procfs.js';

/** path_resolution(7): more links than that are ELOOP. */
const MAX_LINKS = 40;
const MAX_STEPS = 1024;

/** From the root of that process, by its letters. */
export const wholePath = (tgid: number, path: string): string =>
  path.startsWith('/') ? path : `${readLink(procPath(tgid, 'cwd')) ?? ''}/${path}`;

/**
 * The socket that a process would reach by this path: resolved in its own root and from its own directory, whatever
 * links lie on the way. `/proc/PID/root/a` alone would follow an absolute link out of that root. null: there is none.
 */
export const socketInside = (tgid: number, path: string): FileId | null => {
  const steps = wholePath(tgid, path).split('/').reverse();
  const root = procPath(tgid, 'root');
  const here: string[] = [];
  let links = 0;
  let stat: BigIntStats | null = null;
  for (let count = 0; steps.length > 0; count += 1) {
    if (count > MAX_STEPS) return null;
    const step = steps.pop() ?? '';
    if (step === '' || step === '.') continue;
    if (step === '..') {
      here.pop();
      continue;
    }
    const at = [root, ...here, step].join('/');
    stat = statAt(at);
    if (stat === null) return null;
    if (!stat.isSymbolicLink()) {
      here.push(step);
      continue;
    }
    const target = linkAt(at);
    if (target === null || (links += 1) > MAX_LINKS) return null;
    if (target.startsWith('/')) here.length = 0;
    steps.push(...target.split('/').reverse());
  }
  return stat?.isSocket() === true ? fileIdOf(stat) : null;
};

const statAt = (path: string): BigIntStats | null => {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return null;
  }
};

const linkAt = (path: string): string | null => {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
};
