import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { FileReader } from '../elf/index.js';
import type { FileId } from '../event/index.js';
import { fileIdOf, probedFileOf, sameFile } from './file-identity.js';

/** Larger than any program that ships a TLS stack. */
export const MAX_FILE_BYTES = 1024n * 1024n * 1024n;

export interface OpenFile {
  readonly fd: number;
  /** In which the kernel would set probes. */
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
  const id = probedFileOf(`/proc/self/fd/${fd}`, stat);
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
