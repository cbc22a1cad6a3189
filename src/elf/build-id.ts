import { PT_NOTE, type Segment } from './headers.js';
import { readRange, type FileReader } from './reader.js';

const NOTES_MAX_BYTES = 64 * 1024;
const NT_GNU_BUILD_ID = 3;
const GNU = 0x474e5500;
const ID_MAX_BYTES = 64;

/** The linker's build id in hexadecimal, or null. */
export function readBuildId(reader: FileReader, segments: readonly Segment[]): string | null {
  for (const segment of segments) {
    if (segment.type !== PT_NOTE || segment.fileSize > NOTES_MAX_BYTES) continue;
    const notes = readRange(reader, segment.offset, segment.fileSize);
    const id = notes && findId(notes, segment.align === 8 ? 8 : 4);
    if (id !== null) return id;
  }
  return null;
}

function findId(notes: DataView, align: number): string | null {
  const aligned = (length: number): number => Math.ceil(length / align) * align;
  let at = 0;
  while (at + 12 <= notes.byteLength) {
    const nameSize = notes.getUint32(at, true);
    const size = notes.getUint32(at + 4, true);
    const body = at + aligned(12 + nameSize);
    if (body + size > notes.byteLength) return null;
    const isBuildId =
      notes.getUint32(at + 8, true) === NT_GNU_BUILD_ID &&
      nameSize === 4 &&
      notes.getUint32(at + 12) === GNU;
    if (isBuildId && size <= ID_MAX_BYTES) {
      return Buffer.from(notes.buffer, notes.byteOffset + body, size).toString('hex');
    }
    at = body + aligned(size);
  }
  return null;
}
