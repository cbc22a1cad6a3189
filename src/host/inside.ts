import { lstatSync, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { FileId } from '../event/index.js';
import { fileIdOf } from './file-identity.js';
import { procPath, readLink } from './procfs.js';

/** path_resolution(7): more links than that are ELOOP. */
const MAX_LINKS = 40;
const MAX_STEPS = 1024;

/** From the root of that process, by its letters. */
export const wholePath = (tgid: number, path: string): string =>
  path.startsWith('/') ? path : `${readLink(procPath(tgid, 'cwd')) ?? ''}/${path}`;

/** What stands at a path. `absent`: by what its file system says, there is nothing; null: that is not known. */
type Standing = BigIntStats | 'absent' | null;

/** The socket that a process would reach by this path; null: there is none. */
export const socketInside = (tgid: number, path: string): FileId | null => {
  const at = standing(tgid, path);
  return at !== null && at !== 'absent' && at.isSocket() ? fileIdOf(at) : null;
};

/** Whether a process would reach a regular file by this path; null: not known. */
export const isFileInside = (tgid: number, path: string): boolean | null => {
  const at = standing(tgid, path);
  return at === null ? null : at !== 'absent' && at.isFile();
};

/**
 * Resolved in the root of that process and from its own directory, whatever links lie on the way: `/proc/PID/root/a`
 * alone would follow an absolute link out of that root.
 */
const standing = (tgid: number, path: string): Standing => {
  const steps = wholePath(tgid, path).split('/').reverse();
  const root = procPath(tgid, 'root');
  const here: string[] = [];
  let links = 0;
  let stat: Standing = null;
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
    if (stat === null || stat === 'absent') return stat;
    if (!stat.isSymbolicLink()) {
      here.push(step);
      continue;
    }
    const target = linkAt(at);
    if (target === null) return null;
    if ((links += 1) > MAX_LINKS) return 'absent';
    if (target.startsWith('/')) here.length = 0;
    steps.push(...target.split('/').reverse());
  }
  return stat;
};

const statAt = (path: string): Standing => {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : null;
  }
};

const linkAt = (path: string): string | null => {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
};
