import type { DynamicTables } from './dynamic.js';
import { readRange, type FileReader } from './reader.js';
import { hasName, SYMBOL_SIZE } from './symbol.js';

/** Only launchers are asked about, which import little. */
const IMPORTS_MAX = 256;

/**
 * Which of these functions a file takes from a library. By its GNU hash table, which begins where the imports end; a file
 * without one, or with more than 256 imports, has none of them.
 */
export function findImports(
  reader: FileReader,
  tables: DynamicTables,
  names: readonly string[],
): string[] {
  if (tables.gnuHash === null) return [];
  const first = readRange(reader, tables.gnuHash, 8)?.getUint32(4, true) ?? 0;
  if (first < 2 || first > IMPORTS_MAX) return [];
  const symbols = readRange(reader, tables.symbols, first * SYMBOL_SIZE);
  if (symbols === null) return [];
  const offsets: number[] = [];
  for (let at = SYMBOL_SIZE; at < symbols.byteLength; at += SYMBOL_SIZE) {
    if (symbols.getUint16(at + 6, true) === 0) offsets.push(symbols.getUint32(at, true));
  }
  return names.filter((name) =>
    offsets.some((offset) => hasName(reader, tables.strings + offset, name)),
  );
}
