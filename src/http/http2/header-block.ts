import { decodeHuffman } from './huffman.js';
import { entryOf, type Entry, type Field, type HeaderTable } from './header-table.js';

/** Fields of a block; more are a bomb of fields that cost their sender a byte each. */
const FIELDS_MAX = 4096;
const INTEGER_MAX = 2 ** 28;
/** Some may be zeros that only lengthen it. */
const OCTETS_MAX = 9;

/** What a whole header block says. */
export interface Fields {
  /** Those of interest, in its order. */
  readonly known: readonly Field[];
  /** Each of its fields is known, if only to be of no interest. */
  readonly isWhole: boolean;
}

/** RFC 7541, section 6. null: it is no header block; what it put into the table until then stays there. */
export function decodeHeaderBlock(block: Uint8Array, table: HeaderTable): Fields | null {
  const reader = new BlockReader(block);
  const known: Field[] = [];
  let isWhole = true;
  for (let count = 0; !reader.isAtEnd; count += 1) {
    const entry = count < FIELDS_MAX ? readField(reader, table) : null;
    if (entry === null) return null;
    if (typeof entry === 'object') known.push(entry);
    isWhole &&= entry !== 'unknown';
  }
  return { known, isWhole };
}

/** null: the block is damaged. */
function readField(reader: BlockReader, table: HeaderTable): Entry | null {
  const first = reader.peek;
  if (first >= 0x80) {
    const index = reader.integer(7);
    return index === null || index === 0 ? null : table.get(index);
  }
  if (first >= 0x20 && first < 0x40) {
    const size = reader.integer(5);
    if (size === null) return null;
    table.resize(size);
    return 'other';
  }
  const isKept = first >= 0x40;
  const index = reader.integer(isKept ? 6 : 4);
  if (index === null) return null;
  const name = index === 0 ? reader.string() : '';
  const value = name === null ? null : reader.string();
  if (name === null || value === null) return null;
  const entry = index === 0 ? entryOf(name, value) : withValue(table.get(index), value);
  // A name that has a number counts for nothing: what stays longer than with its sender is never asked for.
  if (isKept) table.add(entry, name.length + value.length);
  return entry;
}

const withValue = (entry: Entry, value: string): Entry =>
  typeof entry === 'object' ? { name: entry.name, value } : entry;

class BlockReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  get peek(): number {
    return this.#bytes[this.#at] ?? 0;
  }

  /** RFC 7541, section 5.1. */
  integer(prefixBits: number): number | null {
    const mask = 2 ** prefixBits - 1;
    let value = this.#take();
    if (value === null) return null;
    value &= mask;
    if (value < mask) return value;
    for (let octets = 0, factor = 1; octets < OCTETS_MAX; octets += 1, factor *= 128) {
      const byte = this.#take();
      if (byte === null) return null;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value <= INTEGER_MAX ? value : null;
    }
    return null;
  }

  /** RFC 7541, section 5.2; one character a byte. */
  string(): string | null {
    const isHuffman = this.peek >= 0x80;
    const length = this.integer(7);
    if (length === null || length > this.#bytes.length - this.#at) return null;
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return isHuffman ? decodeHuffman(bytes) : Buffer.from(bytes).toString('latin1');
  }

  #take(): number | null {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) return null;
    this.#at += 1;
    return byte;
  }
}
