import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import type { ProcessKey } from '../event/index.js';

const CHUNK_BYTES = 64 * 1024;
/** 52 numbers of at most 20 digits, and a name of 64 bytes at most. */
const MAX_STAT_BYTES = 4096;
const MAX_COMM_BYTES = 256;

/** USER_HZ of every architecture we run on: `/proc` counts start times in ticks of 10 ms. */
export const TICK_NS = 10_000_000n;

/** The first `most` bytes of a file, or null when it cannot be read. Never blocks on a FIFO. */
export const readBounded = (path: string, most: number): Buffer | null => {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  return readBoundedFd(fd, most);
};

/** Most files of /proc are a few hundred bytes, and thousands are read at the start. Nothing reads while it is in use. */
const SCRATCH = Buffer.allocUnsafeSlow(CHUNK_BYTES);

/** The first `most` bytes from where an open file stands, or null. Closes it. */
export const readBoundedFd = (fd: number, most: number): Buffer | null => {
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    while (length < most) {
      const count = readSync(fd, SCRATCH, 0, Math.min(CHUNK_BYTES, most - length), null);
      if (count === 0) break;
      chunks.push(Buffer.from(SCRATCH.subarray(0, count)));
      length += count;
    }
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
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

/** Start of the process that has this pid now; null: none has. */
export const ticksOf = (tgid: number): bigint | null => {
  const path = procPath(tgid, 'stat');
  // Most are asked about when they have ended already, and an error costs several times this question.
  const stat = existsSync(path) ? readText(path, MAX_STAT_BYTES) : null;
  return stat === null ? null : startTicks(stat);
};

/** The pid still belongs to exactly this process, as far as a 10 ms tick can tell. */
export const isAlive = (key: ProcessKey): boolean => ticksOf(key.tgid) === key.startNs / TICK_NS;

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

/** The pid in the innermost pid namespace, of a `status` file; null where it is the same as here. */
export const innerPid = (status: string): number | null => {
  const pids = /^NSpid:((?:\t\d+)+)$/m.exec(status)?.[1]?.trim().split('\t') ?? [];
  const inner = pids.at(-1);
  return inner === undefined || inner === pids[0] ? null : Number(inner);
};

/** The name a process gave itself, which may hold anything, newlines included; null: it is gone. */
export const commOf = (tgid: number): string | null =>
  readText(procPath(tgid, 'comm'), MAX_COMM_BYTES)?.replace(/\n$/, '') ?? null;

/** Names of the descriptors of a process; empty when it is gone or may not be looked at. */
export const descriptorsOf = (tgid: number): string[] => {
  try {
    return readdirSync(procPath(tgid, 'fd'));
  } catch {
    return [];
  }
};
