const LINE_MAX = 16 * 1024;
const LF = 0x0a;
/** What a piece of a string costs beside its letters, in V8. */
const PIECE_COST = 32;

/** Gathers one line over as many pieces as it comes in. Holds at most 16 KiB. */
export class LineBuffer {
  #partial = '';
  #pieces = 0;

  /** Bytes of memory, about. */
  get held(): number {
    return this.#partial.length + PIECE_COST * this.#pieces;
  }

  get partial(): string {
    return this.#partial;
  }

  get isTooLong(): boolean {
    return this.#partial.length > LINE_MAX;
  }

  /** Takes bytes from `at` up to a line end or the limit; gives where it stopped, and whether at a line end. */
  gather(bytes: Uint8Array, at: number): { next: number; ended: boolean } {
    const end = bytes.indexOf(LF, at);
    const stop = Math.min(end < 0 ? bytes.length : end, at + LINE_MAX + 1 - this.#partial.length);
    this.#partial += latin1(bytes, at, stop);
    this.#pieces += 1;
    return { next: stop === end ? stop + 1 : stop, ended: stop === end };
  }

  /** The line, without LF or CRLF. A bare LF ends a line too (RFC 9112 2.2). */
  take(): { line: string; size: number } {
    const partial = this.#partial;
    this.clear();
    const line = partial.endsWith('\r') ? partial.slice(0, -1) : partial;
    return { line, size: partial.length + 1 };
  }

  clear(): void {
    this.#partial = '';
    this.#pieces = 0;
  }
}

/** The first line, when it is whole. */
export function firstLine(bytes: Uint8Array): string | null {
  const end = bytes.subarray(0, LINE_MAX).indexOf(LF);
  return end < 0 ? null : latin1(bytes, 0, end).replace(/\r$/, '');
}

const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
