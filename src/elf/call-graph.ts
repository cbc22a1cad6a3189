import { blocks, loadedSegments, type Block } from './blocks.js';
import { fileOffset, type ElfHeaders, type Segment } from './headers.js';
import { looksLikeStart } from './prologue.js';
import { readRange, type FileReader } from './reader.js';
import { relocatedPointers } from './relocations.js';
import { decode } from './x86/index.js';

/** More code than any known program has; its bits take 64 MB. */
const CODE_MAX = 512 * 1024 * 1024;

/** How far a start is looked for, and how long a function may be. */
const FUNCTION_MAX = 256 * 1024;
const CALLS_MAX_BYTES = 64 * 1024;
const CALLERS_MAX = 4096;

/** Places looked at for all functions of one file; real files need some ten thousand. */
const STEPS_MAX = 16 * 1024 * 1024;
const WINDOW = 64 * 1024;
/** Of a place, with what stands before it: enough to see whether a function begins there. */
const START_BYTES = 16;
const PADDING_MAX = 15;
const INT3 = 0xcc;
const OVERLAP = 8;

/** Code of one segment with a bit for every address (on aarch64 every word) that something leads to. */
interface Marks {
  readonly segment: Segment;
  readonly bits: Uint8Array;
}

/** Where code begins and what it calls, by its direct calls and by relocated pointers. One pass over the code, kept as bits. */
export class CallGraph {
  readonly #reader: FileReader;
  readonly #headers: ElfHeaders;
  readonly #code: readonly Segment[];
  /** Bytes from one place where an instruction can begin to the next. */
  readonly #unit: number;
  /** No code before the first, none from the second on. */
  readonly #bounds: readonly [number, number];
  #marks: readonly Marks[] | undefined;
  /** A piece of the file, by its offset. */
  #window: Block | null = null;
  #steps = 0;

  constructor(reader: FileReader, headers: ElfHeaders) {
    this.#reader = reader;
    this.#headers = headers;
    this.#code = loadedSegments(headers.segments, true);
    this.#unit = headers.machine === 'aarch64' ? 4 : 1;
    this.#bounds = [
      Math.min(...this.#code.map(({ address }) => address)),
      Math.max(...this.#code.map(({ address, fileSize }) => address + fileSize)),
    ];
  }

  functionAt(address: number): { start: number; end: number } | null {
    const marks = this.#marked().find(({ segment }) => contains(segment, address));
    if (marks === undefined) return null;
    const from = Math.floor((address - marks.segment.address) / this.#unit);
    const reach = FUNCTION_MAX / this.#unit;
    const first = Math.max(0, from - reach);
    let start = from;
    while (start >= first && !this.#isStart(marks, start)) start -= 1;
    if (start < first) return null;
    const last = Math.min(marks.segment.fileSize / this.#unit, start + reach);
    let end = from + 1;
    while (end < last && !this.#isStart(marks, end)) end += 1;
    if (this.#steps > STEPS_MAX) return null;
    const addressOf = (at: number): number => marks.segment.address + at * this.#unit;
    const padding = this.#paddingBefore(marks.segment, end * this.#unit);
    return { start: addressOf(start), end: Math.max(addressOf(end) - padding, address + 1) };
  }

  calls(start: number, end: number): number[] {
    const offset = fileOffset(this.#headers.segments, start, 'executable');
    const length = Math.min(end - start, CALLS_MAX_BYTES);
    const view = offset === null || length < 1 ? null : readRange(this.#reader, offset, length);
    if (view === null) return [];
    const found: number[] = [];
    this.#eachTarget({ address: start, view, length }, (_, target) => found.push(target));
    return found;
  }

  callers(target: number): number[] {
    const found: number[] = [];
    for (const block of blocks(this.#reader, this.#code, OVERLAP)) {
      this.#eachTarget(block, (from, to) => {
        if (to === target && found.length < CALLERS_MAX) found.push(from);
      });
    }
    return found;
  }

  #marked(): readonly Marks[] {
    if (this.#marks !== undefined) return this.#marks;
    const total = this.#code.reduce((sum, { fileSize }) => sum + fileSize, 0);
    const bytes = (size: number): number => Math.ceil(size / this.#unit / 8);
    const marks =
      total > CODE_MAX
        ? []
        : this.#code.map((segment) => ({ segment, bits: new Uint8Array(bytes(segment.fileSize)) }));
    this.#marks = marks;
    if (marks.length === 0) return marks;
    const mark = (target: number): void => {
      for (const { segment, bits } of marks) {
        if (!contains(segment, target)) continue;
        const at = Math.floor((target - segment.address) / this.#unit);
        bits[at >>> 3] = (bits[at >>> 3] ?? 0) | (1 << (at & 7));
      }
    };
    for (const block of blocks(this.#reader, this.#code, OVERLAP)) {
      this.#eachTarget(block, (_, target) => {
        mark(target);
      });
    }
    for (const { target } of relocatedPointers(this.#reader, this.#headers.segments)) mark(target);
    return marks;
  }

  #isStart({ segment, bits }: Marks, at: number): boolean {
    this.#steps += 1;
    if (this.#steps > STEPS_MAX) return true;
    if ((((bits[at >>> 3] ?? 0) >>> (at & 7)) & 1) === 0) return false;
    const into = at * this.#unit;
    const before = Math.min(4, into);
    const length = Math.min(START_BYTES, segment.fileSize - into + before);
    const view = this.#read(segment, into - before, length);
    const address = segment.address + into;
    return view !== null && looksLikeStart(view, before, address, this.#headers.machine);
  }

  /** Bytes that only align what comes behind them, on x86-64: int3 or nop in any of its lengths. */
  #paddingBefore(segment: Segment, end: number): number {
    if (this.#unit !== 1) return 0;
    for (let length = Math.min(PADDING_MAX, end); length > 0; length -= 1) {
      const view = this.#read(segment, end - length, length);
      if (view !== null && isPadding(view)) return length;
    }
    return 0;
  }

  /** Places that are looked at follow each other. */
  #read(segment: Segment, into: number, length: number): DataView | null {
    const offset = segment.offset + into;
    const kept = this.#window;
    const at = kept === null ? -1 : offset - kept.address;
    if (kept === null || at < 0 || at + length > kept.length) {
      const from = Math.max(0, offset - WINDOW / 2);
      const view = readRange(this.#reader, from, Math.min(WINDOW, this.#reader.size - from));
      this.#window = view && { address: from, view, length: view.byteLength };
    }
    const { address, view } = this.#window ?? { address: 0, view: null };
    if (view === null || offset - address + length > view.byteLength) return null;
    return new DataView(view.buffer, view.byteOffset + offset - address, length);
  }

  /** Direct calls, and jumps, that lead into code; some are bytes that only look like one. */
  #eachTarget(block: Block, visit: (from: number, target: number) => void): void {
    const [first, end] = this.#bounds;
    const check = (from: number, target: number): void => {
      if (target < first || target >= end) return;
      if (this.#code.some((code) => contains(code, target))) visit(from, target);
    };
    if (this.#headers.machine === 'aarch64') eachBranch(block, check);
    else eachRelative(block, check);
  }
}

type Visit = (from: number, target: number) => void;

function isPadding(view: DataView): boolean {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const one = bytes[at] === INT3 ? null : decode(bytes, at);
    if (bytes[at] !== INT3 && one?.kind !== 'nop') return false;
    at += one?.length ?? 1;
  }
  return at === bytes.length;
}

/** call rel32 and jmp rel32. */
function eachRelative({ address, view, length }: Block, visit: Visit): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const end = Math.min(length, bytes.length - 4);
  for (let at = 0; at < end; at += 1) {
    if (((bytes[at] ?? 0) & 0xfe) !== 0xe8) continue;
    visit(address + at, address + at + 5 + view.getInt32(at + 1, true));
  }
}

/** b and bl, with a distance of 26 bits in words. */
function eachBranch({ address, view, length }: Block, visit: Visit): void {
  for (let at = 0; at + 4 <= Math.min(length, view.byteLength); at += 4) {
    const word = view.getUint32(at, true);
    if ((word & 0x7c000000) !== 0x14000000) continue;
    visit(address + at, address + at + ((word << 6) >> 6) * 4);
  }
}

const contains = ({ address, fileSize }: Segment, target: number): boolean =>
  target >= address && target < address + fileSize;
