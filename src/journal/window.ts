import type { Files } from './files.js';

const CHUNK_BYTES = 1 << 20;

/** A file read in chunks. What it gave stays valid: a chunk is never written twice. */
export class Window {
  private readonly fd: number;
  private chunk: Buffer = Buffer.alloc(0);
  private start = 0;

  constructor(
    private readonly files: Files,
    path: string,
    /** Bytes of the file when it was opened; it may grow, and that is read the next time. */
    readonly size: number,
  ) {
    this.fd = files.openToRead(path);
  }

  /** The bytes at an offset; fewer than asked only at the end of the file. */
  at(offset: number, length: number): Buffer {
    const wanted = Math.max(Math.min(length, this.size - offset), 0);
    const from = offset - this.start;
    if (from < 0 || from + wanted > this.chunk.length) this.load(offset, wanted);
    const begin = offset - this.start;
    return this.chunk.subarray(begin, begin + wanted);
  }

  close(): void {
    this.files.close(this.fd);
  }

  private load(offset: number, wanted: number): void {
    const bytes = Math.min(Math.max(wanted, CHUNK_BYTES), this.size - offset);
    const chunk = Buffer.allocUnsafeSlow(Math.max(bytes, 0));
    this.chunk = chunk.subarray(0, this.files.read(this.fd, chunk, offset));
    this.start = offset;
  }
}
