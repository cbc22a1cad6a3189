/** How many gaps may stand open at once; a stream cut so that it needs more is hostile. */
const RANGES_MAX = 32;

interface Range {
  readonly from: number;
  to: number;
}

/**
 * The beginning of a stream of bytes out of pieces that come in any order, twice, or overlapping. Keeps at most `limit`
 * bytes. Where two pieces differ the first one counts: what stands cannot be rewritten by what is sent later.
 */
export class Assembly {
  readonly #limit: number;
  #bytes = new Uint8Array();
  /** Ascending, apart from each other. */
  #ranges: Range[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** All bytes from the first on, up to the first gap. A view: it is good until the next piece. */
  get whole(): Uint8Array {
    const [first] = this.#ranges;
    return first?.from === 0 ? this.#bytes.subarray(0, first.to) : new Uint8Array();
  }

  /** Something came, whether or not its beginning did. */
  get hasBytes(): boolean {
    return this.#ranges.length > 0;
  }

  /** False: something of it had no place, behind the limit or because there are too many gaps. */
  add(offset: number, piece: Uint8Array): boolean {
    const to = Math.min(offset + piece.length, this.#limit);
    if (to <= offset) return piece.length === 0;
    const after = this.#ranges.filter((range) => range.from > to);
    const before = this.#ranges.filter((range) => range.to < offset);
    if (before.length + after.length + 1 > RANGES_MAX) return false;
    const touched = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    this.#reserve(to);
    let at = offset;
    for (const range of touched) {
      if (at < range.from) this.#copy(piece, offset, at, Math.min(range.from, to));
      at = Math.max(at, range.to);
    }
    if (at < to) this.#copy(piece, offset, at, to);
    const joined = {
      from: Math.min(offset, touched[0]?.from ?? offset),
      to: Math.max(to, touched.at(-1)?.to ?? to),
    };
    this.#ranges = [...before, joined, ...after];
    return to === offset + piece.length;
  }

  #copy(piece: Uint8Array, offset: number, from: number, to: number): void {
    this.#bytes.set(piece.subarray(from - offset, to - offset), from);
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.min(this.#limit, Math.max(length, 2 * this.#bytes.length)));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
