import path from 'node:path';
import { realFiles } from './files.js';
import type { Files } from './files.js';
import { firstSeqOf } from './format.js';
import { Window } from './window.js';

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
  return listNames(directory, files).flatMap(({ name, firstSeq, bytes, modifiedMs, regular }) =>
    regular ? [{ name, firstSeq, bytes, modifiedMs }] : [],
  );
}

/** Links, directories and the like under the name of a segment. */
export function listImpostors(directory: string, files: Files): string[] {
  return listNames(directory, files).flatMap(({ name, regular }) => (regular ? [] : [name]));
}

function listNames(directory: string, files: Files): (Segment & { readonly regular: boolean })[] {
  return (present(() => files.list(directory)) ?? []).sort().flatMap((name) => {
    const firstSeq = firstSeqOf(name);
    const stat = firstSeq === null ? null : present(() => files.stat(path.join(directory, name)));
    return firstSeq === null || stat === null ? [] : [{ name, firstSeq, ...stat }];
  });
}

/** A small regular file, or null: not there, not a file, too large. */
export function readSmall(file: string, maxBytes: number, files: Files): Buffer | null {
  const stat = present(() => files.stat(file));
  if (stat?.regular !== true || stat.bytes > maxBytes) return null;
  const window = new Window(files, file, stat.bytes);
  try {
    return window.at(0, stat.bytes);
  } finally {
    window.close();
  }
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
