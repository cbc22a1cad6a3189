import { MAX_RECORD_BYTES } from '../record/index.js';

/** More than anybody packs into one message. */
const MAX_ITEMS = 65_536;
/** A length below 2^28 takes at most four bytes. */
const MAX_VARINT_BYTES = 4;

export interface DelimitedLimits {
  /** Of one item. */
  readonly maxBytes?: number;
  /** Of one message, or of one push(). */
  readonly maxItems?: number;
}

export type Delimited =
  | { readonly ok: true; readonly items: readonly Uint8Array[] }
  | { readonly ok: false; readonly reason: string };

/** Bytes that encodeDelimited() gives an item of so many bytes. */
export const sizeDelimited = (bytes: number): number => varintBytes(bytes) + bytes;

/** Items one behind the other, each behind its length as a protobuf varint: protobuf's delimited streams. */
export function encodeDelimited(items: readonly Uint8Array[]): Buffer {
  const total = items.reduce((sum, item) => sum + sizeDelimited(item.length), 0);
  const bytes = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const item of items) {
    offset = writeVarint(bytes, offset, item.length);
    bytes.set(item, offset);
    offset += item.length;
  }
  return bytes;
}

/** The items of a whole message, which must end with the last one. They share the message's memory. */
export function decodeDelimited(bytes: Uint8Array, limits: DelimitedLimits = {}): Delimited {
  const { maxBytes = MAX_RECORD_BYTES, maxItems = MAX_ITEMS } = limits;
  const items: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length;) {
    if (items.length === maxItems) return { ok: false, reason: 'too many records' };
    const length = readLength(bytes, offset, maxBytes);
    if (typeof length === 'string') return { ok: false, reason: length };
    const end = offset + length.bytes + length.value;
    if (length.bytes === 0 || end > bytes.length) return { ok: false, reason: 'cut off' };
    items.push(bytes.subarray(offset + length.bytes, end));
    offset = end;
  }
  return { ok: true, items };
}

/**
 * Items out of a stream that comes in pieces of any size. What it keeps is less than one item. After a refusal it takes
 * nothing more: where one length is wrong, nobody knows where the next begins.
 */
export class DelimitedReader {
  private buffer = Buffer.alloc(0);
  private kept = 0;
  /** Bytes there must be before another look is worth it. */
  private wanted = 1;
  private refused: string | null = null;

  constructor(private readonly limits: DelimitedLimits = {}) {}

  /** Bytes of an item that is not whole yet. */
  get pending(): number {
    return this.kept;
  }

  /** The items that became whole. */
  push(chunk: Uint8Array): Delimited {
    if (this.refused !== null) return { ok: false, reason: this.refused };
    const all = this.kept === 0 ? chunk : this.append(chunk);
    if (all.length < this.wanted) return { ok: true, items: [] };
    const found = this.takeFrom(all);
    if (typeof found !== 'string') return { ok: true, items: found };
    this.refused = found;
    this.buffer = Buffer.alloc(0);
    this.kept = 0;
    return { ok: false, reason: found };
  }

  private append(chunk: Uint8Array): Uint8Array {
    const total = this.kept + chunk.length;
    if (total > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(total * 2);
      larger.set(this.buffer.subarray(0, this.kept));
      this.buffer = larger;
    }
    this.buffer.set(chunk, this.kept);
    this.kept = total;
    return this.buffer.subarray(0, total);
  }

  private takeFrom(bytes: Uint8Array): Uint8Array[] | string {
    const { maxBytes = MAX_RECORD_BYTES, maxItems = MAX_ITEMS } = this.limits;
    const items: Uint8Array[] = [];
    let offset = 0;
    for (;;) {
      const length = readLength(bytes, offset, maxBytes);
      if (typeof length === 'string') return length;
      const end = offset + length.bytes + length.value;
      if (length.bytes === 0 || end > bytes.length) {
        this.keepRest(bytes.subarray(offset), length.bytes === 0 ? 1 : end - offset);
        return items;
      }
      if (items.length === maxItems) return 'too many records';
      items.push(bytes.subarray(offset + length.bytes, end));
      offset = end;
    }
  }

  /** In memory of its own: what was given away is never written again. */
  private keepRest(rest: Uint8Array, wanted: number): void {
    this.buffer = Buffer.alloc(0);
    this.kept = 0;
    this.append(rest);
    this.wanted = wanted;
  }
}

interface Length {
  readonly value: number;
  /** Of the varint; 0: there are not enough. */
  readonly bytes: number;
}

function readLength(bytes: Uint8Array, offset: number, maxBytes: number): Length | string {
  let value = 0;
  for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
    const byte = bytes[offset + index];
    if (byte === undefined) return { value: 0, bytes: 0 };
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      // One number, one way to write it: what is hashed and what is sent stay the same bytes.
      if (index > 0 && byte === 0) return 'overlong length';
      return value > maxBytes ? 'too large' : { value, bytes: index + 1 };
    }
  }
  return 'too large';
}

function writeVarint(bytes: Buffer, offset: number, value: number): number {
  let rest = value;
  let at = offset;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  bytes[at++] = rest;
  return at;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
