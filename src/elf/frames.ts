import { FUNCTION_MAX, isWide, OMITTED, pointerEncoding } from './frame-encoding.js';
import { readRange, u64, type FileReader } from './reader.js';
import type { Section } from './sections.js';

/** Statically linked programs of known size have a tenth of it. */
const SECTION_MAX = 32 * 1024 * 1024;
/** DW_EH_PE_pcrel, in the upper half; 0 there is an address as it is. */
const RELATIVE_TO_PLACE = 0x10;

interface Frame {
  readonly start: number;
  readonly length: number;
}

/**
 * Ranges of functions by .eh_frame itself, one entry after the other (Linux Standard Base, "Exception Frames"): linkers
 * make no table of it for a program that is linked statically at fixed addresses.
 */
export class Frames {
  readonly #frames: readonly Frame[];

  constructor(reader: FileReader, sections: readonly Section[]) {
    const section = sections.find(({ name }) => name === '.eh_frame');
    const isSane = section !== undefined && section.size <= SECTION_MAX;
    this.#frames = isSane ? readFrames(reader, section).sort((a, b) => a.start - b.start) : [];
  }

  /** null: no entry covers this address. */
  functionAt(address: number): { start: number; end: number } | null {
    let low = 0;
    let high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#frames[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const frame = this.#frames[low - 1];
    if (frame === undefined || address >= frame.start + frame.length) return null;
    return { start: frame.start, end: frame.start + frame.length };
  }
}

function readFrames(reader: FileReader, { offset, address, size }: Section): Frame[] {
  const view = readRange(reader, offset, size);
  const frames: Frame[] = [];
  const encodings = new Map<number, number>();
  let at = 0;
  while (view !== null && at + 8 <= size) {
    const length = view.getUint32(at, true);
    const next = at + 4 + length;
    // 0 ends it; 64-bit entries, and those that reach out of it, no linker writes.
    if (length < 4 || next > size) break;
    const back = view.getUint32(at + 4, true);
    const common = at + 4 - back;
    let encoding = back === 0 ? OMITTED : encodings.get(common);
    if (encoding === undefined) {
      encoding = common < 0 ? OMITTED : pointerEncoding(reader, offset + common);
      encodings.set(common, encoding);
    }
    const needed = isWide(encoding) ? 20 : 12;
    const frame =
      encoding === OMITTED || length < needed ? null : readFrame(view, at + 8, encoding, address);
    if (frame !== null) frames.push(frame);
    at = next;
  }
  return frames;
}

/** `at`: of the address of the function, behind which its length stands. */
function readFrame(view: DataView, at: number, encoding: number, address: number): Frame | null {
  const start = isWide(encoding) ? u64(view, at) : view.getInt32(at, true);
  const length = isWide(encoding) ? u64(view, at + 8) : view.getUint32(at + 4, true);
  const isRelative = (encoding & 0xf0) === RELATIVE_TO_PLACE;
  const isKnown = isRelative || (encoding & 0xf0) === 0;
  if (!isKnown || length === 0 || length > FUNCTION_MAX) return null;
  return { start: isRelative ? start + address + at : start, length };
}
