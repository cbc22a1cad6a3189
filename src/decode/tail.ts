/** `length` bytes of a record, not copied; null when the record is shorter than that. */
export function bytesAt(view: DataView, at: number, length: number): Uint8Array | null {
  if (at + length > view.byteLength) return null;
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}
