import { closeSync, constants, lstatSync, mkdirSync, openSync, rmSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Posix } from '../kernel/index.js';

/** BPF_FS_MAGIC of linux/magic.h. */
const BPF_FS = 0xca_fe_4a_11;

export type PinDirectory =
  /** Ours alone until `release`. */
  { readonly path: string; readonly release: () => void } | { readonly refused: string };

/**
 * Makes the directory in which kernel state outlives the daemon, and locks it: two daemons would adopt each other's.
 * What is not ours alone, or lies on another file system, is not used.
 */
export const openPinDirectory = (
  path: string,
  posix: Pick<Posix, 'flockExclusive'>,
): PinDirectory => {
  try {
    if (statfsSync(dirname(path)).type !== BPF_FS) {
      return { refused: `${dirname(path)} is no bpf file system: mount -t bpf bpf /sys/fs/bpf` };
    }
    makePrivate(path);
    const found = lstatSync(path);
    const self = process.geteuid?.();
    if (!found.isDirectory() || found.uid !== self || (found.mode & 0o077) !== 0) {
      return { refused: `${path} is not a directory that only this user may enter` };
    }
    return lock(path, posix);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === '') throw error;
    return { refused: message };
  }
};

/** Ends whatever runs in the kernel because of what is in the directory, which is locked. */
export const removePins = (path: string): void => {
  rmSync(path, { recursive: true });
};

const makePrivate = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

const lock = (path: string, posix: Pick<Posix, 'flockExclusive'>): PinDirectory => {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const fd = openSync(path, flags);
  const release = (): void => {
    closeSync(fd);
  };
  if (posix.flockExclusive(fd)) return { path, release };
  release();
  return { refused: `another watchfloor keeps its kernel state in ${path}` };
};
