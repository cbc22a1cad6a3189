/**
 * Reads big-endian numbers and ranges from bytes that may end anywhere. Past the end every read gives null, so a parser
 * over it is total.
 */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  number(size: 1 | 2 | 3 | 4): number | null {
    if (this.left < size) return null;
    let value = 0;
    for (let end = this.#at + size; this.#at < end; this.#at += 1) {
      value = value * 256 + (this.#bytes[this.#at] ?? 0);
    }
    return value;
  }

  bytes(count: number): Uint8Array | null {
    if (this.left < count) return null;
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** A range whose length stands before it. */
  vector(size: 1 | 2): Uint8Array | null {
    const length = this.number(size);
    return length === null ? null : this.bytes(length);
  }

  /** A QUIC integer (RFC 9000 16); null also where it is too large to be exact. */
  varint(): number | null {
    const first = this.#bytes[this.#at];
    if (first === undefined) return null;
    const size = 1 << (first >> 6);
    if (this.left < size) return null;
    let value = first & 0x3f;
    for (let i = 1; i < size; i += 1) value = value * 256 + (this.#bytes[this.#at + i] ?? 0);
    this.#at += size;
    return Number.isSafeInteger(value) ? value : null;
  }

  /** Up to `count` bytes, fewer where the capture ends. */
  upTo(count: number): Uint8Array {
    return this.bytes(Math.min(count, this.left)) ?? new Uint8Array();
  }
}
