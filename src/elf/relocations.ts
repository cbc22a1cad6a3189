import { readPacked } from './packed-relocations.js';
import { fileOffset, PT_DYNAMIC, type Segment } from './headers.js';
import { readRange, u64, type FileReader } from './reader.js';

/** A word of data that the loader sets to an address. */
export interface RelocatedPointer {
  readonly at: number;
  readonly target: number;
}

const ENTRY_SIZE = 16;
const ENTRIES_MAX = 1024;
const DT_RELA = 7;
const DT_RELASZ = 8;
/** Since 2018: the generic ABI's SHT_RELR. */
const DT_RELRSZ = 35;
const DT_RELR = 36;
const RELA_SIZE = 24;
const BLOCK = 32 * 1024 * RELA_SIZE;

/** R_X86_64_RELATIVE and R_AARCH64_RELATIVE. */
const RELATIVE: ReadonlySet<number> = new Set([8, 1027]);

/** A program of 400 MB has some 40 MB of them. */
const TABLE_MAX = 256 * 1024 * 1024;

/** Addresses the loader writes into data: among them every function pointer of a position-independent file. */
export function* relocatedPointers(
  reader: FileReader,
  segments: readonly Segment[],
): Generator<RelocatedPointer> {
  const tags = readTags(reader, segments);
  const rela = tableOf(reader, segments, tags.get(DT_RELA), tags.get(DT_RELASZ));
  if (rela !== null) yield* readListed(reader, rela);
  const relr = tableOf(reader, segments, tags.get(DT_RELR), tags.get(DT_RELRSZ));
  if (relr !== null) yield* readPacked(reader, segments, relr);
}

/** A table of the file: at most TABLE_MAX bytes. */
interface Table {
  readonly offset: number;
  readonly size: number;
}

function* readListed(reader: FileReader, { offset, size }: Table): Generator<RelocatedPointer> {
  const end = offset + size;
  for (let from = offset; from < end; from += BLOCK) {
    const length = Math.min(BLOCK, end - from);
    const view = readRange(reader, from, length - (length % RELA_SIZE));
    if (view === null) return;
    for (let entry = 0; entry < view.byteLength; entry += RELA_SIZE) {
      if (!RELATIVE.has(u64(view, entry + 8))) continue;
      yield { at: u64(view, entry), target: u64(view, entry + 16) };
    }
  }
}

function readTags(reader: FileReader, segments: readonly Segment[]): ReadonlyMap<number, number> {
  const tags = new Map<number, number>();
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined) return tags;
  const length = Math.min(dynamic.fileSize, ENTRIES_MAX * ENTRY_SIZE);
  const view = readRange(reader, dynamic.offset, length - (length % ENTRY_SIZE));
  for (let at = 0; view !== null && at < view.byteLength; at += ENTRY_SIZE) {
    const tag = u64(view, at);
    if (tag === 0) break;
    tags.set(tag, u64(view, at + 8));
  }
  return tags;
}

function tableOf(
  reader: FileReader,
  segments: readonly Segment[],
  address: number | undefined,
  size = 0,
): Table | null {
  const offset = address === undefined ? null : fileOffset(segments, address, 'any');
  if (offset === null || size > TABLE_MAX) return null;
  return { offset, size: Math.min(size, reader.size - offset) };
}
