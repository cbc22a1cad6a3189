import { readBuildId } from './build-id.js';
import { findDynamic, readDynamic, type DynamicTables } from './dynamic.js';
import { fileOffset, readHeaders, type ElfHeaders } from './headers.js';
import type { ElfReason, FileReader } from './reader.js';
import { findSymbolTable, scanSymbols, SHT_DYNSYM, SHT_SYMTAB } from './symbol-scan.js';

export interface ElfReport {
  readonly ok: true;
  readonly machine: 'x86-64' | 'aarch64';
  readonly buildId: string | null;
  /** File offsets of the functions that were found and lie in an executable segment. */
  readonly functions: ReadonlyMap<string, number>;
}

export type ElfResult = ElfReport | { readonly ok: false; readonly reason: ElfReason };

/**
 * Where named functions of a file begin. The loader's own tables are asked first, in a handful of reads however large
 * the file; the symbol table is read only when they know none of the names.
 */
export function findFunctions(reader: FileReader, names: readonly string[]): ElfResult {
  const headers = readHeaders(reader);
  if (typeof headers === 'string') return { ok: false, reason: headers };
  const { machine, segments } = headers;
  const functions = new Map<string, number>();
  for (const [name, address] of findAddresses(reader, headers, names)) {
    const offset = fileOffset(segments, address, 'executable');
    if (offset !== null && offset < reader.size) functions.set(name, offset);
  }
  return { ok: true, machine, buildId: readBuildId(reader, segments), functions };
}

function findAddresses(
  reader: FileReader,
  headers: ElfHeaders,
  names: readonly string[],
): Map<string, number> {
  const found = new Map<string, number>();
  const tables = readDynamic(reader, headers.segments);
  const hashed = tables !== null && hasHash(tables) ? tables : null;
  for (const name of names) {
    if (hashed === null) break;
    const address = findDynamic(reader, hashed, name);
    if (address !== null) found.set(name, address);
  }
  if (found.size > 0) return found;
  for (const type of hashed !== null ? [SHT_SYMTAB] : [SHT_DYNSYM, SHT_SYMTAB]) {
    const table = findSymbolTable(reader, headers.sections, type);
    const scanned = table === null ? found : scanSymbols(reader, table, names);
    if (scanned.size > 0) return scanned;
  }
  return found;
}

const hasHash = (tables: DynamicTables): boolean =>
  tables.gnuHash !== null || tables.sysvHash !== null;
