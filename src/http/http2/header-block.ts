import { decodeHuffman } from './huffman.js';
import { entryOf, type Entry, type Field, type HeaderTable } from './header-table.js';

/** Fields of a block; more are a bomb of fields that cost their sender a byte each. */
const FIELDS_MAX = 4096;
const INTEGER_MAX = 2 ** 28;

/**
 * The fields of interest of a whole header block (RFC 7541, section 6), in its order. null: it is no such block; what it
 * put into the table until then stays there.
 */
export function decodeHeaderBlock(block: Uint8Array, table: HeaderTable): Field[] | null {
  const reader = new BlockReader(block);
  const fields: Field[] = [];
  for (let count = 0; !reader.isAtEnd; count += 1) {
    const entry = count < FIELDS_MAX ? readField(reader, table) : undefined;
    if (entry === undefined) return null;
    if (entry !== null) fields.push(entry);
  }
  return fields;
}

/** undefined: the block is damaged. */
function readField(reader: BlockReader, table: HeaderTable): Entry | undefined {
  const first = reader.peek;
  if (first >= 0x80) {
    const index = reader.integer(7);
    return index === null || index === 0 ? undefined : table.get(index);
  }
  if (first >= 0x20 && first < 0x40) {
    const size = reader.integer(5);
    if (size === null) return undefined;
    table.resize(size);
    return null;
  }
  const isKept = first >= 0x40;
  const index = reader.integer(isKept ? 6 : 4);
  if (index === null) return undefined;
  const name = index === 0 ? reader.string() : (table.get(index)?.name ?? '');
  const value = name === null ? null : reader.string();
  if (name === null || value === null) return undefined;
  const entry = entryOf(name, value);
  // The length of a name that is no interest of ours counts for nothing: what stays too long is never asked for.
  if (isKept) table.add(entry, name.length + value.length);
  return entry;
}

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
    for (let factor = 1; factor <= INTEGER_MAX; factor *= 128) {
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
