import type { Image } from '../elf/index.js';
import { ImageWindow } from './image-window.js';

/**
 * The function table every Go program carries, stripped or not: a traceback needs it. Its layout as in Go's
 * src/runtime/symtab.go (pcHeader, functab, _func), which has had three magic numbers since Go 1.16.
 */
interface Layout {
  /** Words of 8 bytes behind the magic: where the offsets of the three tables used here are. */
  readonly names: number;
  readonly behindNames: number;
  readonly functions: number;
  /** The word with the address all entries count from; null: entries are addresses. */
  readonly textStart: number | null;
  /** Bytes of a number in an entry. */
  readonly width: 4 | 8;
}

const SINCE_1_16: Layout = { names: 2, behindNames: 3, functions: 6, textStart: null, width: 8 };
const SINCE_1_18: Layout = { names: 3, behindNames: 4, functions: 7, textStart: 2, width: 4 };
const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [0xfffffffa, SINCE_1_16],
  [0xfffffff0, SINCE_1_18],
  [0xfffffff1, SINCE_1_18],
]);
/** Until Go 1.15. */
const OLD_MAGIC = 0xfffffffb;

const HEADER_SIZE = 72;
const WORDS_AT = 8;
const POINTER_SIZE = 8;
/** The largest programs known have some 500,000. */
const FUNCTIONS_MAX = 4_000_000;
const NAMES_MAX = 256 * 1024 * 1024;
const SEARCH_STEP = 256 * 1024;

/** A function, from its first byte to the first of the next; relative to the text where `isRelative`. */
export interface GoFunction {
  readonly start: number;
  readonly end: number;
}

export class GoTable {
  readonly address: number;
  /** Entries count from the beginning of the text. */
  readonly isRelative: boolean;
  /** That beginning, as the table says; null: it does not (entries are addresses, or Go 1.26 and later). */
  readonly textStart: number | null;
  readonly #window: ImageWindow;
  readonly #layout: Layout;
  readonly #words: readonly number[];

  private constructor(
    place: { image: Image; address: number },
    layout: Layout,
    words: readonly number[],
  ) {
    this.address = place.address;
    this.#window = new ImageWindow(place.image);
    this.#layout = layout;
    this.#words = words;
    this.isRelative = layout.textStart !== null;
    const start = layout.textStart === null ? 0 : this.#word(layout.textStart);
    this.textStart = start === 0 ? null : start;
  }

  /** null: there is none. 'old': one of Go before 1.16. */
  static open(image: Image, address: number): GoTable | 'old' | null {
    const bytes = image.bytes(address, HEADER_SIZE);
    if (bytes === null) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isQuantum = view.getUint8(6) === (image.machine === 'x86-64' ? 1 : 4);
    const isHeader = view.getUint16(4) === 0 && isQuantum && view.getUint8(7) === POINTER_SIZE;
    const magic = view.getUint32(0, true);
    if (isHeader && magic === OLD_MAGIC) return 'old';
    const layout = LAYOUTS.get(magic);
    if (!isHeader || layout === undefined) return null;
    const words = Array.from({ length: (HEADER_SIZE - WORDS_AT) / 8 }, (_, index) =>
      Number(view.getBigUint64(WORDS_AT + index * 8, true)),
    );
    const table = new GoTable({ image, address }, layout, words);
    return table.#isSane(image.size) ? table : null;
  }

  /** Functions by their names; of one name there may be several. null: the table contradicts itself. */
  functions(names: readonly string[]): Map<string, GoFunction[]> | null {
    const wanted = this.#nameOffsets(names);
    if (wanted === null || wanted.size === 0) return wanted && new Map();
    const found = new Map<string, GoFunction[]>();
    const functions = this.address + this.#word(this.#layout.functions);
    const { width } = this.#layout;
    for (let index = 0; index < this.#count; index += 1) {
      const at = functions + index * width * 2;
      const start = this.#window.number(at, width);
      const record = this.#window.number(at + width, width);
      if (start === null || record === null) return null;
      const name = this.#window.other(functions + record + width, 4);
      if (name === null) return null;
      const text = wanted.get(name);
      if (text === undefined) continue;
      const end = this.#window.number(at + width * 2, width);
      if (end === null || end <= start) return null;
      found.set(text, [...(found.get(text) ?? []), { start, end }]);
    }
    return found;
  }

  get #count(): number {
    return this.#word(0);
  }

  #word(index: number): number {
    return this.#words[index] ?? 0;
  }

  #isSane(size: number): boolean {
    const { names, behindNames, functions, width } = this.#layout;
    const order = [
      HEADER_SIZE - 8,
      this.#word(names),
      this.#word(behindNames),
      this.#word(functions),
    ];
    const isRising = order.every((at, index) => index === 0 || at >= (order[index - 1] ?? 0));
    const end = this.#word(functions) + this.#count * width * 2;
    const isShort = this.#word(behindNames) - this.#word(names) <= NAMES_MAX;
    return this.#count <= FUNCTIONS_MAX && isRising && isShort && end <= size;
  }

  /** Where in the table of names each of these stands. null: that table is not in the file. */
  #nameOffsets(names: readonly string[]): Map<number, string> | null {
    const texts = names.map((name) => ({ name, bytes: Buffer.from(`\0${name}\0`, 'latin1') }));
    const longest = Math.max(...texts.map(({ bytes }) => bytes.length));
    const offsets = new Map<number, string>();
    const start = this.#word(this.#layout.names);
    const length = this.#word(this.#layout.behindNames) - start;
    for (let from = 0; from < length; from += SEARCH_STEP) {
      const size = Math.min(SEARCH_STEP + longest, length - from);
      const view = this.#window.bytes(this.address + start + from, size);
      if (view === null) return null;
      const block = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
      for (const { name, bytes } of texts) {
        const at = block.indexOf(bytes);
        if (at >= 0) offsets.set(from + at + 1, name);
      }
    }
    return offsets;
  }
}
