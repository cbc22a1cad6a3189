import { closeSync, constants, openSync, readlinkSync, readSync } from 'node:fs';
import type { ProcessKey } from '../event/index.js';

const CHUNK_BYTES = 64 * 1024;

/** USER_HZ of every architecture we run on: `/proc` counts start times in ticks of 10 ms. */
const TICK_NS = 10_000_000n;

/** The first `most` bytes of a file, or null when it cannot be read. Never blocks on a FIFO. */
export const readBounded = (path: string, most: number): Buffer | null => {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    while (length < most) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, most - length));
      const count = readSync(fd, chunk, 0, chunk.length, null);
      if (count === 0) break;
      chunks.push(chunk.subarray(0, count));
      length += count;
    }
    return Buffer.concat(chunks, length);
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
};

export const readText = (path: string, most: number): string | null =>
  readBounded(path, most)?.toString('utf8') ?? null;

export const readLink = (path: string): string | null => {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
};

export const procPath = (tgid: number, name: string): string => `/proc/${tgid}/${name}`;

/**
 * Field 22 of proc_pid_stat(5), in ticks, or null. The name in field 2 may hold anything, brackets and newlines
 * included, so fields are counted from the last bracket.
 */
export const startTicks = (stat: string): bigint | null => {
  const end = stat.lastIndexOf(')');
  if (end < 0) return null;
  const field = stat.slice(end + 2).split(' ')[22 - 3];
  return field !== undefined && /^\d+$/.test(field) ? BigInt(field) : null;
};

/** The pid still belongs to exactly this process, as far as a 10 ms tick can tell. */
export const isAlive = (key: ProcessKey): boolean => {
  const stat = readText(procPath(key.tgid, 'stat'), 4096);
  return stat !== null && startTicks(stat) === key.startNs / TICK_NS;
};

/**
 * Runs `read` and gives its answer only when the pid was that process before and after; null: it is gone.
 */
export const whileAlive = <T>(key: ProcessKey, read: () => T): T | null => {
  if (!isAlive(key)) return null;
  const answer = read();
  return isAlive(key) ? answer : null;
};

/** Effective uid and gid of a `status` file, or null. */
export const effectiveIds = (status: string): { uid: number; gid: number } | null => {
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1];
  const gid = /^Gid:\t\d+\t(\d+)/m.exec(status)?.[1];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
};
