import type { OpenFile } from './files.js';

const MAPPINGS_MAX = 4096;
/** A file written over in place is another one this much later. */
const TRUSTED_MS = 2000;

interface Seen {
  readonly file: Omit<OpenFile, 'fd'>;
  readonly untilMs: number;
}

/**
 * Which version of a file a mapping holds, by the device and inode that maps prints: opening the thirty files of an
 * ordinary process costs half a millisecond.
 */
export class MappedVersions {
  readonly #seen = new Map<string, Seen>();

  get(mapping: string): Omit<OpenFile, 'fd'> | null {
    const seen = this.#seen.get(mapping);
    if (seen === undefined) return null;
    if (performance.now() < seen.untilMs) return seen.file;
    this.#seen.delete(mapping);
    return null;
  }

  /** A file was written over in place. */
  clear(): void {
    this.#seen.clear();
  }

  set(mapping: string, { id, size, version }: OpenFile): void {
    this.#seen.delete(mapping);
    this.#seen.set(mapping, {
      file: { id, size, version },
      untilMs: performance.now() + TRUSTED_MS,
    });
    const oldest = this.#seen.keys().next();
    if (this.#seen.size > MAPPINGS_MAX && oldest.done !== true) this.#seen.delete(oldest.value);
  }
}
