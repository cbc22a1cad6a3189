import { readRange, u64, type FileReader } from './reader.js';
import { readSymbol, SYMBOL_SIZE } from './symbol.js';

const SECTION_SIZE = 64;
const TABLE_MAX = 512 * 1024 * 1024;
const BLOCK = 1024 * 1024;
/** Places of names in a string table, of which a real one has one each, and tails of others. */
const PLACES_MAX = 4096;
const SYMBOLS_A_BLOCK = Math.floor(BLOCK / SYMBOL_SIZE);
export const SHT_SYMTAB = 2;
export const SHT_DYNSYM = 11;

interface Range {
  readonly offset: number;
  readonly size: number;
}

export interface SymbolTable {
  readonly symbols: Range;
  readonly strings: Range;
}

/** A symbol table by its section header. null: none, or one that cannot be right. */
export function findSymbolTable(
  reader: FileReader,
  sections: { readonly offset: number; readonly count: number },
  wantedType: number,
): SymbolTable | null {
  const headers = readRange(reader, sections.offset, sections.count * SECTION_SIZE);
  if (headers === null) return null;
  const range = (index: number): Range | null => {
    if (index >= sections.count) return null;
    const offset = u64(headers, index * SECTION_SIZE + 24);
    const size = u64(headers, index * SECTION_SIZE + 32);
    return size <= TABLE_MAX && offset + size <= reader.size ? { offset, size } : null;
  };
  for (let index = 0; index < sections.count; index += 1) {
    const at = index * SECTION_SIZE;
    if (headers.getUint32(at + 4, true) !== wantedType) continue;
    const symbols = range(index);
    const strings = range(headers.getUint32(at + 40, true));
    return symbols && strings && { symbols, strings };
  }
  return null;
}

/**
 * Addresses of named functions by one pass over the strings and one over the symbols, a block at a time. For files
 * without a hash table; a name's address is the first symbol that carries it.
 */
export function scanSymbols(
  reader: FileReader,
  table: SymbolTable,
  names: readonly string[],
): Map<string, number> {
  const found = new Map<string, number>();
  eachSymbol(reader, table, names, (name, address) => {
    if (!found.has(name)) found.set(name, address);
  });
  return found;
}

function eachSymbol(
  reader: FileReader,
  table: SymbolTable,
  names: readonly string[],
  visit: (name: string, address: number) => void,
): void {
  const wanted = findNames(reader, table.strings, names);
  if (wanted.size === 0) return;
  const count = Math.floor(table.symbols.size / SYMBOL_SIZE);
  for (let from = 0; from < count; from += SYMBOLS_A_BLOCK) {
    const here = Math.min(SYMBOLS_A_BLOCK, count - from);
    const view = readRange(reader, table.symbols.offset + from * SYMBOL_SIZE, here * SYMBOL_SIZE);
    if (view === null) return;
    for (let at = 0; at < view.byteLength; at += SYMBOL_SIZE) {
      const name = wanted.get(view.getUint32(at, true));
      const symbol = name === undefined ? null : readSymbol(view, at);
      if (name !== undefined && symbol !== null) visit(name, symbol.address);
    }
  }
}

/** As scanSymbols, but a name that functions at two addresses bear is not found: which one is meant cannot be known. */
export function scanUniqueSymbols(
  reader: FileReader,
  table: SymbolTable,
  names: readonly string[],
): Map<string, number> {
  const found = new Map<string, number>();
  const ambiguous = new Set<string>();
  eachSymbol(reader, table, names, (name, address) => {
    const before = found.get(name);
    if (before !== undefined && before !== address) ambiguous.add(name);
    found.set(name, address);
  });
  for (const name of ambiguous) found.delete(name);
  return found;
}

/** Offsets at which a name and its NUL stand; the tail of a longer name counts, for linkers share tails. */
function findNames(
  reader: FileReader,
  strings: Range,
  names: readonly string[],
): Map<number, string> {
  const offsets = new Map<number, string>();
  const patterns = names.map((name) => ({ name, pattern: Buffer.from(`${name}\0`, 'latin1') }));
  const overlap = Math.max(0, ...patterns.map(({ pattern }) => pattern.length - 1));
  for (let from = 0; from < strings.size; from += BLOCK) {
    const length = Math.min(BLOCK + overlap, strings.size - from);
    const view = readRange(reader, strings.offset + from, length);
    if (view === null) return offsets;
    const block = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    for (const { name, pattern } of patterns) {
      let at = block.indexOf(pattern);
      while (at >= 0 && offsets.size < PLACES_MAX) {
        offsets.set(from + at, name);
        at = block.indexOf(pattern, at + 1);
      }
    }
  }
  return offsets;
}
