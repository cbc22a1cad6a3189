const NEWLINE = 10;

/**
 * Takes a stream apart into lines, one at a time, so that of a chunk full of short ones nothing is made before its turn.
 * Keeps the chunk that is being read and at most one unfinished line.
 */
export class LineSplitter {
  #chunk: Buffer = Buffer.alloc(0);
  #unfinished: Buffer | null = null;
  #unfinishedBytes = 0;

  constructor(private readonly mostBytes: number) {}

  /** The stream stopped within a line. */
  get isWithinLine(): boolean {
    return this.#unfinishedBytes > 0;
  }

  /** Only when next() had nothing more. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
  }

  /** A line without its newline, null: none is complete, `too long`: this one never will be, and nothing more is to be read. */
  next(): Buffer | 'too long' | null {
    const end = this.#chunk.indexOf(NEWLINE);
    const part = end < 0 ? this.#chunk : this.#chunk.subarray(0, end);
    if (this.#unfinishedBytes + part.length > this.mostBytes) return 'too long';
    this.#chunk = end < 0 ? Buffer.alloc(0) : this.#chunk.subarray(end + 1);
    if (end < 0) {
      this.#keep(part);
      return null;
    }
    if (this.#unfinished === null || this.#unfinishedBytes === 0) return part;
    this.#keep(part);
    const line = this.#unfinished.subarray(0, this.#unfinishedBytes);
    this.#unfinished = null;
    this.#unfinishedBytes = 0;
    return line;
  }

  /** One copy, however small the pieces come. */
  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#unfinished ??= Buffer.alloc(this.mostBytes);
    part.copy(this.#unfinished, this.#unfinishedBytes);
    this.#unfinishedBytes += part.length;
  }
}
