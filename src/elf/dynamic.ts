import { fileOffset, PT_DYNAMIC, type Segment } from './headers.js';
import { readRange, u64, type FileReader } from './reader.js';
import { hasName, readSymbol, SYMBOL_SIZE } from './symbol.js';

/** File offsets of the tables the loader itself uses; a stripped file keeps them. */
export interface DynamicTables {
  readonly symbols: number;
  readonly strings: number;
  readonly gnuHash: number | null;
  readonly sysvHash: number | null;
}

const ENTRY_SIZE = 16;
const ENTRIES_MAX = 1024;
const CHAIN_MAX = 4096;
const DT_HASH = 4;
const DT_STRTAB = 5;
const DT_SYMTAB = 6;
const DT_GNU_HASH = 0x6ffffef5;

export function readDynamic(
  reader: FileReader,
  segments: readonly Segment[],
): DynamicTables | null {
  const segment = segments.find(({ type }) => type === PT_DYNAMIC);
  if (segment === undefined) return null;
  const length = Math.min(segment.fileSize, ENTRIES_MAX * ENTRY_SIZE);
  const table = readRange(reader, segment.offset, length - (length % ENTRY_SIZE));
  if (table === null) return null;
  const offsets = new Map<number, number | null>();
  for (let at = 0; at < table.byteLength; at += ENTRY_SIZE) {
    const tag = u64(table, at);
    if (tag === 0) break;
    offsets.set(tag, fileOffset(segments, u64(table, at + 8), 'any'));
  }
  const symbols = offsets.get(DT_SYMTAB) ?? null;
  const strings = offsets.get(DT_STRTAB) ?? null;
  if (symbols === null || strings === null) return null;
  const gnuHash = offsets.get(DT_GNU_HASH) ?? null;
  return { symbols, strings, gnuHash, sysvHash: offsets.get(DT_HASH) ?? null };
}

/** Address of a function by the file's own hash table, in a handful of reads. null: not there. */
export function findDynamic(
  reader: FileReader,
  tables: DynamicTables,
  name: string,
): number | null {
  const candidates =
    tables.gnuHash !== null
      ? gnuCandidates(reader, tables.gnuHash, name)
      : tables.sysvHash !== null
        ? sysvCandidates(reader, tables.sysvHash, name)
        : [];
  for (const index of candidates) {
    const view = readRange(reader, tables.symbols + index * SYMBOL_SIZE, SYMBOL_SIZE);
    const symbol = view && readSymbol(view, 0);
    if (symbol && hasName(reader, tables.strings + symbol.name, name)) return symbol.address;
  }
  return null;
}

function gnuHash(name: string): number {
  let hash = 5381;
  for (let i = 0; i < name.length; i += 1) {
    hash = (Math.imul(hash, 33) + name.charCodeAt(i)) >>> 0;
  }
  return hash;
}

/** Indexes of symbols whose hash is that of the name. Chains end at a value with its lowest bit set. */
function* gnuCandidates(reader: FileReader, table: number, name: string): Generator<number> {
  const header = readRange(reader, table, 16);
  const buckets = header?.getUint32(0, true) ?? 0;
  if (header === null || buckets === 0) return;
  const first = header.getUint32(4, true);
  const bucketsAt = table + 16 + header.getUint32(8, true) * 8;
  const hash = gnuHash(name);
  const bucket = readRange(reader, bucketsAt + (hash % buckets) * 4, 4)?.getUint32(0, true) ?? 0;
  if (bucket < first) return;
  const chains = bucketsAt + buckets * 4;
  for (let index = bucket; index < bucket + CHAIN_MAX; index += 1) {
    const value = readRange(reader, chains + (index - first) * 4, 4)?.getUint32(0, true);
    if (value === undefined) return;
    if (value >>> 1 === hash >>> 1) yield index;
    if ((value & 1) === 1) return;
  }
}

function sysvHash(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i += 1) {
    hash = ((hash << 4) + name.charCodeAt(i)) >>> 0;
    hash = (hash ^ ((hash & 0xf0000000) >>> 24)) & 0x0fffffff;
  }
  return hash;
}

function* sysvCandidates(reader: FileReader, table: number, name: string): Generator<number> {
  const header = readRange(reader, table, 8);
  const buckets = header?.getUint32(0, true) ?? 0;
  if (buckets === 0) return;
  const link = (at: number): number =>
    readRange(reader, table + 8 + at * 4, 4)?.getUint32(0, true) ?? 0;
  let index = link(sysvHash(name) % buckets);
  for (let steps = 0; index !== 0 && steps < CHAIN_MAX; steps += 1) {
    yield index;
    index = link(buckets + index);
  }
}
