import { fileOffset, PT_DYNAMIC, type Segment } from './headers.js';
import { readRange, u64, type FileReader } from './reader.js';

const ENTRY_SIZE = 16;
const ENTRIES_MAX = 1024;
const DT_RELA = 7;
const DT_RELASZ = 8;
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
): Generator<number> {
  const table = relaTable(reader, segments);
  if (table === null) return;
  const end = table.offset + table.fileSize;
  for (let at = table.offset; at < end; at += BLOCK) {
    const length = Math.min(BLOCK, end - at);
    const view = readRange(reader, at, length - (length % RELA_SIZE));
    if (view === null) return;
    for (let entry = 0; entry < view.byteLength; entry += RELA_SIZE) {
      if (RELATIVE.has(u64(view, entry + 8))) yield u64(view, entry + 16);
    }
  }
}

function relaTable(
  reader: FileReader,
  segments: readonly Segment[],
): { offset: number; fileSize: number } | null {
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined) return null;
  const length = Math.min(dynamic.fileSize, ENTRIES_MAX * ENTRY_SIZE);
  const view = readRange(reader, dynamic.offset, length - (length % ENTRY_SIZE));
  let address: number | null = null;
  let size = 0;
  for (let at = 0; view !== null && at < view.byteLength; at += ENTRY_SIZE) {
    const tag = u64(view, at);
    if (tag === 0) break;
    if (tag === DT_RELA) address = u64(view, at + 8);
    if (tag === DT_RELASZ) size = u64(view, at + 8);
  }
  const offset = address === null ? null : fileOffset(segments, address, 'any');
  if (offset === null || size > TABLE_MAX) return null;
  return { offset, fileSize: Math.min(size, reader.size - offset) };
}
