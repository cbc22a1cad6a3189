/** What the walk needs of every record. */
export interface Fields {
  readonly epoch: number;
  /** '' where it is absent. */
  readonly kind: string;
  readonly hasStub: boolean;
}

const EPOCH = 5;
const KIND = 8;
const STUB = 40;
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MAX_KIND_BYTES = 64;

/** The top-level fields of a record, without looking into them; null when they do not add up. */
export function readFields(bytes: Uint8Array): Fields | null {
  const at = { offset: 0 };
  let epoch = 0;
  let kind = '';
  let hasStub = false;
  while (at.offset < bytes.length) {
    const tag = readVarint(bytes, at);
    const field = Math.floor(tag / 8);
    const type = tag % 8;
    if (type === VARINT) {
      const value = readVarint(bytes, at);
      if (field === EPOCH) epoch = value;
    } else if (type === LENGTH_DELIMITED) {
      const length = readVarint(bytes, at);
      if (field === KIND) kind = textAt(bytes, at.offset, length);
      if (field === STUB) hasStub = true;
      at.offset += length;
    } else if (type === FIXED32 || type === FIXED64) {
      at.offset += type === FIXED32 ? 4 : 8;
    } else {
      return null;
    }
  }
  return at.offset === bytes.length ? { epoch, kind, hasStub } : null;
}

/** NaN, which no length fits, for what is none. Beyond 2^53 it is not exact, which nothing here asks for. */
function readVarint(bytes: Uint8Array, at: { offset: number }): number {
  let value = 0;
  let unit = 1;
  for (let count = 0; count < 10; count += 1) {
    const byte = bytes[at.offset];
    if (byte === undefined) break;
    at.offset += 1;
    value += (byte & 127) * unit;
    if (byte < 128) return value;
    unit *= 128;
  }
  at.offset = Number.POSITIVE_INFINITY;
  return Number.NaN;
}

function textAt(bytes: Uint8Array, offset: number, length: number): string {
  if (!(length <= MAX_KIND_BYTES)) return '';
  return Buffer.from(
    bytes.buffer,
    bytes.byteOffset + offset,
    Math.min(length, bytes.length - offset),
  ).toString('latin1');
}
