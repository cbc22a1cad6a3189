import { crc32c } from './crc32c.js';

/**
 * A segment is a header of 32 bytes and frames one after another, all little endian:
 *   header: magic 8 | version u32 | epoch u32 | first seq u64 | zero u32 | crc32c u32 of the 28 bytes before
 *   frame:  length u32 | crc32c u32 of the record | record
 */
export const HEADER_BYTES = 32;
export const FRAME_BYTES = 8;
const MAGIC = Buffer.from('WFJRNL\r\n', 'latin1');
const VERSION = 1;
const CRC_AT = HEADER_BYTES - 4;

/** Every record begins with its event id: field 1, a string of 36 bytes. */
export const RECORD_START = Buffer.from([0x0a, 36]);

/** Nobody writes so many; a larger number is a forgery, and counting on from it would not fit a u64. */
export const MAX_SEQ = 2n ** 63n - 1n;

const SEGMENT_NAME = /^(\d{20})\.wfj$/;

export interface SegmentHeader {
  readonly epoch: number;
  readonly firstSeq: bigint;
}

export const segmentName = (firstSeq: bigint): string => `${firstSeq}`.padStart(20, '0') + '.wfj';

/** null: not the name of a segment. */
export function firstSeqOf(name: string): bigint | null {
  const digits = SEGMENT_NAME.exec(name)?.[1];
  const firstSeq = digits === undefined ? 0n : BigInt(digits);
  return firstSeq > 0n && firstSeq <= MAX_SEQ ? firstSeq : null;
}

export function encodeHeader({ epoch, firstSeq }: SegmentHeader): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(epoch, 12);
  header.writeBigUInt64LE(firstSeq, 16);
  header.writeUInt32LE(crc32c(header.subarray(0, CRC_AT)), CRC_AT);
  return header;
}

/** null: no header of ours, or a damaged one. */
export function decodeHeader(bytes: Buffer): SegmentHeader | null {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  if (bytes.readUInt32LE(CRC_AT) !== crc32c(bytes.subarray(0, CRC_AT))) return null;
  if (bytes.readUInt32LE(8) !== VERSION) return null;
  return { epoch: bytes.readUInt32LE(12), firstSeq: bytes.readBigUInt64LE(16) };
}

export function encodeFrame(record: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_BYTES + record.length);
  frame.writeUInt32LE(record.length, 0);
  frame.writeUInt32LE(crc32c(record), 4);
  frame.set(record, FRAME_BYTES);
  return frame;
}

export const bytesOf = (frames: readonly Buffer[]): number =>
  frames.reduce((sum, frame) => sum + frame.length, 0);

/** How many of the frames fit, at least one. */
export function countFitting(frames: readonly Buffer[], maxBytes: number): number {
  let bytes = 0;
  const end = frames.findIndex((frame) => (bytes += frame.length) > maxBytes);
  return end < 0 ? frames.length : Math.max(end, 1);
}
