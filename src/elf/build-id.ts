import { PT_NOTE, type Segment } from './headers.js';
import { readRange, type FileReader } from './reader.js';
import { hasName } from './symbol.js';

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

const NOTES_SEEN_MAX = 64;

/** Is there a note of this owner? Only the heads of notes are read, for what a note holds may be large. */
export function hasNote(reader: FileReader, segments: readonly Segment[], owner: string): boolean {
  return segments.some((segment) => segment.type === PT_NOTE && isOwner(reader, segment, owner));
}

function isOwner(reader: FileReader, { offset, fileSize, align }: Segment, owner: string): boolean {
  const unit = align === 8 ? 8 : 4;
  const aligned = (length: number): number => Math.ceil(length / unit) * unit;
  let at = 0;
  for (let seen = 0; at + 12 <= fileSize && seen < NOTES_SEEN_MAX; seen += 1) {
    const head = readRange(reader, offset + at, 12);
    if (head === null) return false;
    const nameSize = head.getUint32(0, true);
    const isLong = nameSize === owner.length + 1;
    if (isLong && hasName(reader, offset + at + 12, owner)) return true;
    at += aligned(12 + nameSize) + aligned(head.getUint32(4, true));
  }
  return false;
}
