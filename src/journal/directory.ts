import path from 'node:path';
import { realFiles } from './files.js';
import type { Files } from './files.js';
import { firstSeqOf } from './format.js';

/** One segment file. */
export interface Segment {
  readonly name: string;
  readonly firstSeq: bigint;
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly modifiedMs: number;
}

/** The segments of a journal, oldest first; none where there is no directory. */
export function listSegments(directory: string, files: Files = realFiles): Segment[] {
  const segments: Segment[] = [];
  for (const name of (present(() => files.list(directory)) ?? []).sort()) {
    const firstSeq = firstSeqOf(name);
    const stat = firstSeq === null ? null : present(() => files.stat(path.join(directory, name)));
    if (firstSeq !== null && stat !== null) segments.push({ name, firstSeq, ...stat });
  }
  return segments;
}

/** null: there is no such file or directory. */
export function present<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The errno name of a file system error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'EUNKNOWN';
}
