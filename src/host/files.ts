import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { FileReader } from '../elf/index.js';
import type { FileId, ImageId } from '../event/index.js';

/** Larger than any program that ships a TLS stack. */
export const MAX_FILE_BYTES = 1024n * 1024n * 1024n;

/** The device number of stat(2) as the kernel's s_dev: glibc spreads major and minor over 64 bits (makedev(3)). */
export const kernelDev = (dev: bigint): bigint => {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return (major << 20n) | minor;
};

export const fileIdOf = (stat: BigIntStats): FileId => ({
  dev: kernelDev(stat.dev),
  inode: stat.ino,
});

export const imageIdOf = (stat: BigIntStats): ImageId => ({
  ...fileIdOf(stat),
  changedNs: stat.ctimeNs,
  size: stat.size,
});

export const sameFile = (a: FileId, b: FileId): boolean => a.dev === b.dev && a.inode === b.inode;

export interface OpenFile {
  readonly fd: number;
  readonly id: FileId;
  readonly size: number;
  /** Names the content: the time of the last change of the inode can be set by root only. */
  readonly version: string;
}

export type OpenResult =
  { readonly ok: true; readonly file: OpenFile } | { readonly ok: false; readonly reason: string };

/**
 * Opens a regular file for reading. A FIFO does not block it and a device is not opened through a plain name. The
 * caller closes.
 */
export const openRegular = (path: string): OpenResult => {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    return { ok: false, reason: (error as NodeJS.ErrnoException).code ?? 'open failed' };
  }
  const stat = fstatSync(fd, { bigint: true });
  const reason = !stat.isFile()
    ? 'not a regular file'
    : stat.size > MAX_FILE_BYTES
      ? 'larger than 1 GiB'
      : null;
  if (reason !== null) {
    closeSync(fd);
    return { ok: false, reason };
  }
  const id = fileIdOf(stat);
  const version = `${id.dev}:${id.inode}:${stat.mtimeNs}:${stat.ctimeNs}:${stat.size}`;
  return { ok: true, file: { fd, id, size: Number(stat.size), version } };
};

/** Opens `path` only when it is exactly that file. The caller closes. */
export const openExactly = (path: string, wanted: FileId): number | null => {
  const opened = openRegular(path);
  if (!opened.ok) return null;
  if (sameFile(opened.file.id, wanted)) return opened.file.fd;
  closeSync(opened.file.fd);
  return null;
};

export const isFileAt = (path: string, wanted: FileId): boolean => {
  try {
    return sameFile(fileIdOf(lstatSync(path, { bigint: true })), wanted);
  } catch {
    return false;
  }
};

/** Ranges of an open file for the ELF reader; what cannot be read is empty. */
export const readerOf = (file: Pick<OpenFile, 'fd' | 'size'>): FileReader => ({
  size: file.size,
  read: (offset, length) => {
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, file.size - offset)));
    try {
      return buffer.subarray(0, readSync(file.fd, buffer, 0, buffer.length, offset));
    } catch {
      return buffer.subarray(0, 0);
    }
  },
});
