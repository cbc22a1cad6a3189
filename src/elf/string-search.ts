import { blocks, loadedSegments, type Block } from './blocks.js';
import type { Segment } from './headers.js';
import type { FileReader } from './reader.js';

/** Places of one text; real anchors have a handful. */
const PLACES_MAX = 64;
const STRING_MAX = 512;

/** A text this long has four bytes at an address divisible by four, wherever it stands. */
const WORDS_FROM = 7;
const FILTER_BITS = 16;

interface Pattern {
  readonly text: string;
  readonly bytes: Buffer;
  readonly places: Set<number>;
}

/** Every text with its addresses in data that is loaded and no code. */
export function findStrings(
  reader: FileReader,
  segments: readonly Segment[],
  texts: readonly string[],
): Map<string, number[]> {
  const patterns = texts
    .filter((text) => text.length > 0)
    .map((text) => ({ text, bytes: Buffer.from(text, 'latin1'), places: new Set<number>() }));
  const short = patterns.filter(({ bytes }) => bytes.length < WORDS_FROM);
  const filter = new WordFilter(patterns.filter(({ bytes }) => bytes.length >= WORDS_FROM));
  const overlap = Math.max(0, ...patterns.map(({ bytes }) => bytes.length - 1));
  // Linkers that know no read-only data put constants, and the file's headers, into the segment of the code.
  const data = loadedSegments(segments, false);
  const code = loadedSegments(segments, true);
  const isMixed = data.length === 0 || code.some(({ offset }) => offset === 0);
  const searched = isMixed ? [...code, ...data] : data;
  for (const block of blocks(reader, searched, overlap)) {
    filter.search(block);
    for (const pattern of short) searchEach(block, pattern);
  }
  return new Map(patterns.map(({ text, places }) => [text, [...places].sort((a, b) => a - b)]));
}

function searchEach({ address, view }: Block, { bytes, places }: Pattern): void {
  const block = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  for (
    let at = block.indexOf(bytes);
    at >= 0 && places.size < PLACES_MAX;
    at = block.indexOf(bytes, at + 1)
  ) {
    places.add(address + at);
  }
}

/**
 * Looks at every fourth place only, and there for four bytes that one of the texts has among its first seven: one look
 * at the data for any number of texts, where a search for each would take longer than everything else.
 */
class WordFilter {
  readonly #filter = new Uint8Array(1 << FILTER_BITS);
  readonly #byWord = new Map<number, { readonly pattern: Pattern; readonly into: number }[]>();

  constructor(patterns: readonly Pattern[]) {
    for (const pattern of patterns) {
      for (let into = 0; into + 4 <= WORDS_FROM; into += 1) {
        const word = pattern.bytes.readInt32LE(into);
        this.#filter[hashOf(word)] = 1;
        this.#byWord.set(word, [...(this.#byWord.get(word) ?? []), { pattern, into }]);
      }
    }
  }

  search({ address, view }: Block): void {
    if (this.#byWord.size === 0) return;
    const words = wordsOf(view);
    const filter = this.#filter;
    for (let index = 0; index < words.length; index += 1) {
      const word = words[index] ?? 0;
      if (filter[hashOf(word)] === 0) continue;
      for (const { pattern, into } of this.#byWord.get(word) ?? []) {
        const at = index * 4 - into;
        if (pattern.places.size >= PLACES_MAX || !standsAt(view, at, pattern.bytes)) continue;
        pattern.places.add(address + at);
      }
    }
  }
}

/** Knuth's multiplier: the upper bits depend on all bytes of a word. */
const HASH = 0x9e3779b1;
const hashOf = (word: number): number => Math.imul(word, HASH) >>> (32 - FILTER_BITS);

function wordsOf(view: DataView): Int32Array {
  const count = view.byteLength >>> 2;
  if (view.byteOffset % 4 === 0) return new Int32Array(view.buffer, view.byteOffset, count);
  const copy = new Uint8Array(view.buffer, view.byteOffset, count * 4).slice();
  return new Int32Array(copy.buffer, 0, count);
}

function standsAt(view: DataView, at: number, bytes: Buffer): boolean {
  if (at < 0 || at + bytes.length > view.byteLength) return false;
  for (let index = 0; index < bytes.length; index += 1) {
    if (view.getUint8(at + index) !== bytes[index]) return false;
  }
  return true;
}

/** Address of the first byte of the text this address is in. null: further than 512 bytes before. */
export function startOfString(
  bytes: (address: number, length: number) => Uint8Array | null,
  address: number,
): number | null {
  for (let length = STRING_MAX; length > 0; length >>>= 1) {
    const before = bytes(address - length, length);
    if (before === null) continue;
    const nul = before.lastIndexOf(0);
    return nul < 0 ? null : address - length + nul + 1;
  }
  return null;
}
