import { FUNCTION_MAX, isWide, OMITTED, pointerEncoding } from './frame-encoding.js';
import { fileOffset, type Segment } from './headers.js';
import { readRange, u64, type FileReader } from './reader.js';

const PT_GNU_EH_FRAME = 0x6474e550;
const HEADER_SIZE = 12;
const ENTRY_SIZE = 8;

/** DW_EH_PE_udata4, and datarel | sdata4: what every linker writes (Linux Standard Base, "Exception Frames"). */
const COUNT_ENCODING = 0x03;
const TABLE_ENCODING = 0x3b;

interface Table {
  readonly address: number;
  readonly offset: number;
  readonly count: number;
}

/** Ranges of functions by .eh_frame_hdr: a sorted table, searched in the file, so that it costs no memory. */
export class UnwindTable {
  readonly #reader: FileReader;
  readonly #segments: readonly Segment[];
  readonly #table: Table | null;

  constructor(reader: FileReader, segments: readonly Segment[]) {
    this.#reader = reader;
    this.#segments = segments;
    this.#table = openTable(reader, segments);
  }

  /** null: no entry covers this address. */
  functionAt(address: number): { start: number; end: number } | null {
    const table = this.#table;
    if (table === null) return null;
    let low = 0;
    let high = table.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entry(table, middle);
      if (entry === null) return null;
      if (entry.start <= address) low = middle + 1;
      else high = middle;
    }
    const entry = low === 0 ? null : this.#entry(table, low - 1);
    const length = entry && this.#lengthOf(entry.description);
    if (entry === null || length === null || address < entry.start) return null;
    return address < entry.start + length
      ? { start: entry.start, end: entry.start + length }
      : null;
  }

  #entry(table: Table, index: number): { start: number; description: number } | null {
    const view = readRange(this.#reader, table.offset + HEADER_SIZE + index * ENTRY_SIZE, 8);
    if (view === null) return null;
    return {
      start: table.address + view.getInt32(0, true),
      description: table.address + view.getInt32(4, true),
    };
  }

  /** Bytes the function of this frame description has. */
  #lengthOf(description: number): number | null {
    const at = fileOffset(this.#segments, description, 'any');
    const head = at === null ? null : readRange(this.#reader, at, 24);
    if (at === null || head === null) return null;
    const encoding = pointerEncoding(this.#reader, at + 4 - head.getUint32(4, true));
    const length = isWide(encoding) ? u64(head, 16) : head.getUint32(12, true);
    return encoding !== OMITTED && length > 0 && length <= FUNCTION_MAX ? length : null;
  }
}

export const hasUnwindTable = (segments: readonly Segment[]): boolean =>
  segments.some(({ type }) => type === PT_GNU_EH_FRAME);

function openTable(reader: FileReader, segments: readonly Segment[]): Table | null {
  const segment = segments.find(({ type }) => type === PT_GNU_EH_FRAME);
  if (segment === undefined) return null;
  const header = readRange(reader, segment.offset, HEADER_SIZE);
  if (header === null) return null;
  const isKnown =
    header.getUint8(0) === 1 &&
    // The pointer to .eh_frame, which is not needed, is four bytes in every known file.
    (header.getUint8(1) & 0x07) === 3 &&
    header.getUint8(2) === COUNT_ENCODING &&
    header.getUint8(3) === TABLE_ENCODING;
  const room = Math.floor((segment.fileSize - HEADER_SIZE) / ENTRY_SIZE);
  const count = Math.min(header.getUint32(8, true), Math.max(0, room));
  return isKnown ? { address: segment.address, offset: segment.offset, count } : null;
}
