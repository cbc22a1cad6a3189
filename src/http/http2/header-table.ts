/** A field, as far as it is of interest: of all others neither the name nor the value is kept. */
export interface Field {
  readonly name: string;
  readonly value: string;
}

/** `null`: some other field, or one that was put there unseen. */
export type Entry = Field | null;

/** Names that are told: they say what is asked of whom, and what came of it. */
const WANTED = new Set([':method', ':path', ':authority', ':status', 'host']);

export const entryOf = (name: string, value: string): Entry =>
  WANTED.has(name) ? { name, value } : null;

/** RFC 7541, appendix A, from 1 on, the names of interest alone. */
const STATIC: ReadonlyMap<number, Field> = new Map([
  [1, { name: ':authority', value: '' }],
  [2, { name: ':method', value: 'GET' }],
  [3, { name: ':method', value: 'POST' }],
  [4, { name: ':path', value: '/' }],
  [5, { name: ':path', value: '/index.html' }],
  ...[200, 204, 206, 304, 400, 404, 500].map(
    (status, i) => [8 + i, { name: ':status', value: String(status) }] as const,
  ),
  [38, { name: 'host', value: '' }],
]);
const STATIC_SIZE = 61;

/** RFC 7541, section 4.1. */
const OVERHEAD = 32;
const SIZE_FIRST = 4096;
/** Senders may be allowed more; what falls out here before it does there is then not known. */
const SIZE_MAX = 65_536;

interface Kept {
  readonly entry: Entry;
  readonly size: number;
}

/**
 * The fields of one direction that can be named by number. Numbers count from the newest: whoever begins late, or missed some,
 * knows those that came since and says so of the others.
 */
export class HeaderTable {
  /** The newest last. */
  #kept: Kept[] = [];
  #size = 0;
  #max = SIZE_FIRST;

  /** Bytes, as the sender counts them: more than is kept. */
  get size(): number {
    return this.#size;
  }

  get(index: number): Entry {
    if (index <= STATIC_SIZE) return STATIC.get(index) ?? null;
    return this.#kept.at(STATIC_SIZE - index)?.entry ?? null;
  }

  /** `bytes`: of name and value together. */
  add(entry: Entry, bytes: number): void {
    const size = bytes + OVERHEAD;
    this.#kept.push({ entry, size });
    this.#size += size;
    this.#evict();
  }

  /** The sender's own limit from now on. */
  resize(max: number): void {
    this.#max = Math.min(max, SIZE_MAX);
    this.#evict();
  }

  /** Something may have been added that was not seen. */
  forget(): void {
    this.#kept = [];
    this.#size = 0;
  }

  #evict(): void {
    let count = 0;
    for (const { size } of this.#kept) {
      if (this.#size <= this.#max) break;
      this.#size -= size;
      count += 1;
    }
    if (count > 0) this.#kept.splice(0, count);
  }
}
