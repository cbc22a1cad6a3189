/** Random access to a file. `read` may give fewer bytes than asked for at the end of the file. */
export interface FileReader {
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

export type ElfReason =
  | 'not_elf'
  /** Not 64-bit little-endian for x86-64 or aarch64. */
  | 'unsupported'
  /** A header or table lies outside the file or contradicts itself. */
  | 'malformed'
  /** A table is larger than any real one. */
  | 'too_large';

/** A little-endian range of the file. null: not wholly inside it. */
export function readRange(reader: FileReader, offset: number, length: number): DataView | null {
  const isInside = offset >= 0 && length >= 0 && offset + length <= reader.size;
  if (!isInside) return null;
  const bytes = reader.read(offset, length);
  if (bytes.length < length) return null;
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

/** A 64-bit number of the file. What does not fit a safe integer becomes one no check accepts. */
export function u64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.POSITIVE_INFINITY;
}
