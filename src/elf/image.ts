import { readBuildId } from './build-id.js';
import { CallGraph } from './call-graph.js';
import { findDynamic, readDynamic, type DynamicTables } from './dynamic.js';
import { Frames } from './frames.js';
import { fileOffset, PT_LOAD, readHeaders, type ElfHeaders, type Segment } from './headers.js';
import { readRange, type ElfReason, type FileReader } from './reader.js';
import { findReferences, type Reference } from './references.js';
import { relocatedPointers } from './relocations.js';
import { readSections, type Section } from './sections.js';
import { findStrings, startOfString } from './string-search.js';
import { findSymbolTable, scanUniqueSymbols, SHT_DYNSYM, SHT_SYMTAB } from './symbol-scan.js';
import { hasUnwindTable, UnwindTable } from './unwind.js';

/** Addresses; `end` is the first that is no longer of the function, and not before `start`. */
export interface FunctionRange {
  readonly start: number;
  readonly end: number;
}

/** What one call of `bytes` gives at most. */
export const BYTES_MAX = 16 * 1024 * 1024;

/** What one call of `pointers` gives at most; libraries have some thousand. */
const POINTERS_MAX = 512 * 1024;

/** Larger than any program: the largest known is 378 MB. */
const FILE_MAX = 2 * 1024 * 1024 * 1024;

/** Segments that repeat the file would let a small file cost a large one's time. */
const MAPPED_OVER_SIZE_MAX = 2;

/** null is never given: a file that cannot be an image is told by its reason. */
export function openImage(reader: FileReader): Image | ElfReason {
  if (reader.size > FILE_MAX) return 'too_large';
  const headers = readHeaders(reader);
  if (typeof headers === 'string') return headers;
  const segments = headers.segments.map((segment) => inFile(segment, reader.size));
  const mapped = segments.reduce((sum, s) => (s.type === PT_LOAD ? sum + s.fileSize : sum), 0);
  if (mapped > reader.size * MAPPED_OVER_SIZE_MAX) return 'malformed';
  return new Image(reader, { ...headers, segments });
}

/** The part of a segment that is in the file; and its address, where no program's end can be, is that of nothing. */
function inFile(segment: Segment, size: number): Segment {
  const isSane = segment.offset <= size && segment.address <= Number.MAX_SAFE_INTEGER - size;
  const fileSize = isSane ? Math.min(segment.fileSize, size - segment.offset) : 0;
  return { ...segment, offset: isSane ? segment.offset : 0, fileSize };
}

/**
 * An ELF file as its loader lays it out, in addresses of the file's own (a position-independent one begins near 0).
 * Everything is read when it is asked for, a block at a time, and kept: of a file of 400 MB some tens of megabytes.
 * Nothing throws for what the file holds; what does not fit together is absent.
 */
export class Image {
  readonly machine: ElfHeaders['machine'];
  /** Of the file, bytes. */
  readonly size: number;
  readonly segments: readonly Segment[];
  readonly #reader: FileReader;
  readonly #headers: ElfHeaders;
  readonly #strings = new Map<string, readonly number[]>();
  readonly #references = new Map<number, readonly Reference[]>();
  #tables: DynamicTables | null | undefined;
  #sections: readonly Section[] | undefined;
  #buildId: string | null | undefined;
  #unwind: UnwindTable | Frames | undefined;
  #calls: CallGraph | undefined;

  constructor(reader: FileReader, headers: ElfHeaders) {
    this.#reader = reader;
    this.#headers = headers;
    this.machine = headers.machine;
    this.size = reader.size;
    this.segments = headers.segments;
  }

  /** Is it always loaded at the addresses it names? Then an address may be a plain 32-bit constant of its code. */
  get isFixed(): boolean {
    return this.#headers.isFixed;
  }

  /** Empty where there are no section headers, or none that can be right. */
  get sections(): readonly Section[] {
    return (this.#sections ??= readSections(this.#reader, this.#headers.sections));
  }

  /** In hexadecimal; null: it has none. */
  get buildId(): string | null {
    if (this.#buildId === undefined) this.#buildId = readBuildId(this.#reader, this.segments);
    return this.#buildId;
  }

  /** Offset in the file of an address; null: not loaded from the file. */
  offsetOf(address: number): number | null {
    return fileOffset(this.segments, address, 'any');
  }

  /** Is there code at this address? */
  isCode(address: number): boolean {
    return fileOffset(this.segments, address, 'executable') !== null;
  }

  /** Address of an offset of the file; null: not loaded. */
  addressOf(offset: number): number | null {
    for (const segment of this.segments) {
      const into = offset - segment.offset;
      if (segment.type === PT_LOAD && into >= 0 && into < segment.fileSize) {
        return segment.address + into;
      }
    }
    return null;
  }

  /**
   * Addresses of functions by name: what the loader would find, else the one that bears the name in a symbol table, local
   * ones too. Only functions whose code is in the file; a name that two functions bear is not found.
   */
  symbols(names: readonly string[]): Map<string, number> {
    const found = new Map<string, number>();
    const tables = this.#dynamic();
    for (const name of names) {
      const address = tables === null ? null : findDynamic(this.#reader, tables, name);
      if (address !== null && this.isCode(address)) found.set(name, address);
    }
    const hashed = tables !== null && (tables.gnuHash !== null || tables.sysvHash !== null);
    for (const type of hashed ? [SHT_SYMTAB] : [SHT_DYNSYM, SHT_SYMTAB]) {
      const missing = names.filter((name) => !found.has(name));
      const table =
        missing.length === 0 ? null : findSymbolTable(this.#reader, this.#headers.sections, type);
      if (table === null) continue;
      for (const [name, address] of scanUniqueSymbols(this.#reader, table, missing)) {
        if (this.isCode(address)) found.set(name, address);
      }
    }
    return found;
  }

  /** A copy of at most BYTES_MAX bytes of one segment; null: not all of them are in the file. */
  bytes(address: number, length: number): Uint8Array | null {
    const offset = this.offsetOf(address);
    const last = length > 0 ? this.offsetOf(address + length - 1) : offset;
    if (offset === null || length < 0 || length > BYTES_MAX) return null;
    if (length > 0 && last !== offset + length - 1) return null;
    const view = readRange(this.#reader, offset, length);
    return view && new Uint8Array(view.buffer, view.byteOffset, length);
  }

  /**
   * Addresses at which each text stands in loaded data, code left out, in rising order. One that ends in NUL is found with
   * it. One pass over the data for all texts not asked for before: ask for many at once. At most 64 places a text.
   */
  strings(texts: readonly string[]): Map<string, number[]> {
    const fresh = texts.filter((text) => !this.#strings.has(text));
    if (fresh.length > 0) {
      const found = findStrings(this.#reader, this.segments, fresh);
      for (const [text, addresses] of found) this.#strings.set(text, addresses);
    }
    return new Map(texts.map((text) => [text, [...(this.#strings.get(text) ?? [])]]));
  }

  /** Where the string begins that has this address in it: after the NUL before. null: further than 512 bytes. */
  startOfString(address: number): number | null {
    return startOfString((at, length) => this.bytes(at, length), address);
  }

  /**
   * Code that loads one of these addresses: `lea` relative to the instruction, of a file with fixed addresses also a
   * 32-bit constant; aarch64 `adrp` and `add`. `from` is the address of the instruction (of its opcode, behind prefixes).
   * One pass over the code for all targets not asked for before. Some are no instructions but look so. At most 4096 of
   * one target.
   */
  references(targets: readonly number[]): Reference[] {
    const fresh = targets.filter((target) => !this.#references.has(target));
    if (fresh.length > 0) {
      for (const target of fresh) this.#references.set(target, []);
      const found = findReferences(this.#reader, this.#headers, fresh);
      for (const [target, references] of found) this.#references.set(target, references);
    }
    return [...new Set(targets)].flatMap((target) => this.#references.get(target) ?? []);
  }

  /**
   * The function an address is in: by the unwind table or its sources, and where these know nothing, from one function start to the
   * next, a start being what direct calls or relocated pointers lead to and what looks like a beginning.
   */
  functionAt(address: number): FunctionRange | null {
    if (!this.isCode(address)) return null;
    this.#unwind ??= hasUnwindTable(this.segments)
      ? new UnwindTable(this.#reader, this.segments)
      : new Frames(this.#reader, this.sections);
    return this.#unwind.functionAt(address) ?? this.#callGraph().functionAt(address);
  }

  /** Targets of direct calls, and of jumps of 32 bits, between two addresses: in the order of the code, at most 64 KiB of it. */
  calls(start: number, end: number): number[] {
    return this.#callGraph().calls(start, end);
  }

  /** Addresses of direct calls, and of jumps where a function may end, to this address. One pass over the code. */
  callers(target: number): number[] {
    return this.#callGraph().callers(target);
  }

  /** By its address, each word of data that the loader sets to an address. null: more than POINTERS_MAX. Not kept. */
  pointers(): Map<number, number> | null {
    const found = new Map<number, number>();
    for (const { at, target } of relocatedPointers(this.#reader, this.segments)) {
      if (found.size >= POINTERS_MAX) return null;
      found.set(at, target);
    }
    return found;
  }

  #dynamic(): DynamicTables | null {
    if (this.#tables === undefined) this.#tables = readDynamic(this.#reader, this.segments);
    return this.#tables;
  }

  #callGraph(): CallGraph {
    return (this.#calls ??= new CallGraph(this.#reader, this.#headers));
  }
}
