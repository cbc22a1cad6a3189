/** The processor takes no instruction longer than this. */
export const MAX_LENGTH = 15;

/** Reads bytes up to a limit. Past it there are zeros, and `isShort` is set. */
export class Cursor {
  isShort = false;
  readonly #view: DataView;
  readonly #limit: number;

  constructor(
    bytes: Uint8Array,
    public at: number,
    limit: number,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limit = limit;
  }

  #take(size: number): number | null {
    const at = this.at;
    this.at += size;
    if (at >= 0 && this.at <= this.#limit) return at;
    this.isShort = true;
    return null;
  }

  peek(): number {
    return this.at >= 0 && this.at < this.#limit ? this.#view.getUint8(this.at) : 0;
  }

  byte(): number {
    const at = this.#take(1);
    return at === null ? 0 : this.#view.getUint8(at);
  }

  skip(size: number): void {
    this.#take(size);
  }

  /** Signed, of 1, 2 or 4 bytes. */
  signed(size: number): number {
    const at = this.#take(size);
    if (at === null) return 0;
    if (size === 1) return this.#view.getInt8(at);
    return size === 2 ? this.#view.getInt16(at, true) : this.#view.getInt32(at, true);
  }

  signed64(): bigint {
    const at = this.#take(8);
    return at === null ? 0n : this.#view.getBigInt64(at, true);
  }
}
