import { fileOffset, type Segment } from './headers.js';
import { readRange, u64, type FileReader } from './reader.js';
import type { RelocatedPointer } from './relocations.js';

const WORD = 8;
/** Words that one bitmap says something of. */
const BITS = 63;
const TABLE_BLOCK = 64 * 1024;
const WINDOW = 64 * 1024;

/**
 * Relative relocations as the generic ABI packs them (SHT_RELR): a table of words, of which an even one is an address, and an
 * odd one has a bit for each of the 63 words behind what was said before. What is to be relocated stands in its place.
 */
export function* readPacked(
  reader: FileReader,
  segments: readonly Segment[],
  table: { readonly offset: number; readonly size: number },
): Generator<RelocatedPointer> {
  const data = new Words(reader, segments);
  let left = reader.size / WORD;
  let last = -1;
  for (const at of places(reader, table)) {
    left -= 1;
    // Addresses rise, and are no more than there are words: a table that leads back would have them read again and again.
    if (at <= last || left < 0) return;
    last = at;
    const target = data.at(at);
    if (target !== null) yield { at, target };
  }
}

/** Addresses of the words, in the order of the table. */
function* places(
  reader: FileReader,
  { offset, size }: { readonly offset: number; readonly size: number },
): Generator<number> {
  let next = 0;
  for (let from = 0; from + WORD <= size; from += TABLE_BLOCK) {
    const length = Math.min(TABLE_BLOCK, size - from);
    const view = readRange(reader, offset + from, length - (length % WORD));
    if (view === null) return;
    for (let entry = 0; entry < view.byteLength; entry += WORD) {
      if ((view.getUint8(entry) & 1) === 0) {
        const address = u64(view, entry);
        yield address;
        next = address + WORD;
      } else {
        yield* marked(view, entry, next);
        next += BITS * WORD;
      }
    }
  }
}

/** From its lowest bit on, which only says what the word is. */
function* marked(view: DataView, entry: number, first: number): Generator<number> {
  for (const half of [0, 1]) {
    const bits = view.getUint32(entry + half * 4, true);
    for (let rest = half === 0 ? bits & ~1 : bits; rest !== 0; rest &= rest - 1) {
      const bit = half * 32 + 31 - Math.clz32(rest & -rest);
      yield first + (bit - 1) * WORD;
    }
  }
}

/** Words of loaded data, read a window at a time: they are asked for in rising order. */
class Words {
  #view: DataView | null = null;
  /** Offset of the window in the file. */
  #from = 0;

  constructor(
    private readonly reader: FileReader,
    private readonly segments: readonly Segment[],
  ) {}

  at(address: number): number | null {
    const offset = fileOffset(this.segments, address, 'any');
    if (offset === null) return null;
    if (!this.#holds(offset)) {
      this.#from = offset;
      this.#view = readRange(this.reader, offset, Math.min(WINDOW, this.reader.size - offset));
    }
    return this.#view !== null && this.#holds(offset) ? u64(this.#view, offset - this.#from) : null;
  }

  #holds(offset: number): boolean {
    const into = offset - this.#from;
    return this.#view !== null && into >= 0 && into + WORD <= this.#view.byteLength;
  }
}
