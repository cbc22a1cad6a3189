/** A field, as far as it is of interest: of all others neither the name nor the value is kept. */
export interface Field {
  readonly name: string;
  readonly value: string;
}

/** `other`: of no interest. `unknown`: sent before we came, or while we missed something. */
export type Entry = Field | 'other' | 'unknown';

/** Names that are told: they say what is asked of whom, and what came of it. */
const WANTED = new Set([':method', ':path', ':authority', ':status', 'host']);

export const entryOf = (name: string, value: string): Entry =>
  WANTED.has(name) ? { name, value } : 'other';

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

/** A longer value is not kept: by its number it could be sent again and again, at a byte each. */
const VALUE_MAX = 1024;
const ENTRY_COST = 100;

interface Kept {
  readonly entry: Entry;
  readonly size: number;
}

/**
 * The fields of one direction that can be named by number. Numbers count from the newest: whoever begins late, or missed some,
 * knows those that came since and says so of the others.
 */
export class HeaderTable {
  /** The newest last; those before #first fell out. */
  #kept: Kept[] = [];
  #first = 0;
  #size = 0;
  #max = SIZE_FIRST;

  /** Bytes of memory, about. */
  get held(): number {
    return this.#size + ENTRY_COST * this.#kept.length;
  }

  get(index: number): Entry {
    if (index <= STATIC_SIZE) return STATIC.get(index) ?? 'other';
    const at = this.#kept.length + STATIC_SIZE - index;
    return at < this.#first ? 'unknown' : (this.#kept[at]?.entry ?? 'unknown');
  }

  /** `bytes`: of name and value together. */
  add(entry: Entry, bytes: number): void {
    const isLong = typeof entry === 'object' && entry.value.length > VALUE_MAX;
    const size = bytes + OVERHEAD;
    this.#kept.push({ entry: isLong ? 'unknown' : entry, size });
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
    this.#first = 0;
    this.#size = 0;
  }

  #evict(): void {
    for (; this.#size > this.#max; this.#first += 1) {
      this.#size -= this.#kept[this.#first]?.size ?? this.#size;
    }
    // Not at each: what falls out is mostly one at a time.
    if (this.#first * 2 <= this.#kept.length) return;
    this.#kept.splice(0, this.#first);
    this.#first = 0;
  }
}
