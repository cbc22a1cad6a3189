import { readRange, u64, type ElfReason, type FileReader } from './reader.js';

export interface Segment {
  readonly type: number;
  readonly executable: boolean;
  readonly offset: number;
  readonly address: number;
  /** Bytes of it in the file. */
  readonly fileSize: number;
  readonly align: number;
}

export interface ElfHeaders {
  readonly machine: 'x86-64' | 'aarch64';
  readonly segments: readonly Segment[];
  /** Of the section headers; count 0 when there are none. */
  readonly sections: {
    readonly offset: number;
    readonly count: number;
    /** Index of the section that holds their names. */
    readonly names: number;
  };
  /** Always loaded at the addresses it names (ET_EXEC). */
  readonly isFixed: boolean;
}

export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_NOTE = 4;

const HEADER_SIZE = 64;
const SEGMENT_SIZE = 56;
const SECTION_SIZE = 64;
const SEGMENTS_MAX = 256;
const SECTIONS_MAX = 4096;
const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const PF_X = 1;
const ET_EXEC = 2;
const MACHINES: Readonly<Record<number, ElfHeaders['machine']>> = { 62: 'x86-64', 183: 'aarch64' };

/** The ELF header and the program headers: System V gABI chapters 4 and 5. */
export function readHeaders(reader: FileReader): ElfHeaders | ElfReason {
  const header = readRange(reader, 0, HEADER_SIZE);
  if (header?.getUint32(0) !== MAGIC) return 'not_elf';
  const machine = MACHINES[header.getUint16(18, true)];
  const is64Little = header.getUint8(4) === CLASS_64 && header.getUint8(5) === LITTLE_ENDIAN;
  if (machine === undefined || !is64Little) return 'unsupported';
  const segmentCount = header.getUint16(56, true);
  const sectionCount = header.getUint16(60, true);
  if (segmentCount > SEGMENTS_MAX || sectionCount > SECTIONS_MAX) return 'too_large';
  if (segmentCount > 0 && header.getUint16(54, true) !== SEGMENT_SIZE) return 'malformed';
  const table = readRange(reader, u64(header, 32), segmentCount * SEGMENT_SIZE);
  if (table === null) return 'malformed';
  const hasSections = header.getUint16(58, true) === SECTION_SIZE;
  return {
    machine,
    segments: Array.from({ length: segmentCount }, (_, i) => readSegment(table, i * SEGMENT_SIZE)),
    sections: {
      offset: u64(header, 40),
      count: hasSections ? sectionCount : 0,
      names: header.getUint16(62, true),
    },
    isFixed: header.getUint16(16, true) === ET_EXEC,
  };
}

function readSegment(table: DataView, at: number): Segment {
  return {
    type: table.getUint32(at, true),
    executable: (table.getUint32(at + 4, true) & PF_X) !== 0,
    offset: u64(table, at + 8),
    address: u64(table, at + 16),
    fileSize: u64(table, at + 32),
    align: u64(table, at + 48),
  };
}

/** Where an address of the loaded program stands in the file; null: nowhere, or not where code is. */
export function fileOffset(
  segments: readonly Segment[],
  address: number,
  wanted: 'any' | 'executable',
): number | null {
  for (const segment of segments) {
    if (segment.type !== PT_LOAD || (wanted === 'executable' && !segment.executable)) continue;
    const into = address - segment.address;
    if (into >= 0 && into < segment.fileSize) return segment.offset + into;
  }
  return null;
}
