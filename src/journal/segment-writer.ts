import path from 'node:path';
import { codeOf } from './directory.js';
import type { Segment } from './directory.js';
import type { Files } from './files.js';
import { encodeHeader, segmentName } from './format.js';
import type { SegmentHeader } from './format.js';

export type Outcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly operation: 'create' | 'open' | 'write' | 'sync';
      /** errno. */
      readonly code: string;
    };

/** The segment being written. Its bytes are those that are durable; whatever a failure left behind them is cut off. */
export class SegmentWriter {
  readonly name: string;
  bytes = 0;

  private fd: number | null;

  private constructor(
    private readonly files: Files,
    private readonly directory: string,
    private readonly header: SegmentHeader,
    fd: number,
  ) {
    this.name = segmentName(header.firstSeq);
    this.fd = fd;
  }

  static create(files: Files, directory: string, header: SegmentHeader): SegmentWriter | Outcome {
    try {
      const fd = files.create(path.join(directory, segmentName(header.firstSeq)));
      return new SegmentWriter(files, directory, header, fd);
    } catch (error) {
      return { ok: false, operation: 'create', code: codeOf(error) };
    }
  }

  /** Appends frames and makes them durable, all or none. The header goes with the first. */
  async append(frames: readonly Buffer[]): Promise<Outcome> {
    const first = this.bytes === 0;
    const data = Buffer.concat(first ? [encodeHeader(this.header), ...frames] : frames);
    let operation: 'open' | 'write' | 'sync' = 'open';
    try {
      const fd = this.open();
      operation = 'write';
      await this.writeAll(fd, data);
      operation = 'sync';
      await this.files.syncData(fd);
      if (first) await this.files.syncSoon(this.directory);
    } catch (error) {
      return { ok: false, operation, code: codeOf(error) };
    }
    this.bytes += data.length;
    return { ok: true };
  }

  /** Lets the file go until the next append: whoever has thousands of journals open has no descriptor for each. */
  release(): void {
    if (this.fd !== null) this.files.close(this.fd);
    this.fd = null;
  }

  /** Cuts off what is not durable; false when even that failed. */
  async rewind(): Promise<boolean> {
    try {
      await this.files.truncate(this.open(), this.bytes);
      return true;
    } catch {
      return false;
    }
  }

  close(modifiedMs: number): Segment {
    this.release();
    return this.segment(modifiedMs);
  }

  segment(modifiedMs: number): Segment {
    return { name: this.name, firstSeq: this.header.firstSeq, bytes: this.bytes, modifiedMs };
  }

  private open(): number {
    this.fd ??= this.files.openToWrite(path.join(this.directory, this.name));
    return this.fd;
  }

  private async writeAll(fd: number, data: Buffer): Promise<void> {
    for (let done = 0; done < data.length;) {
      const rest = data.subarray(done);
      done += await this.files.write(fd, rest, this.bytes + done);
    }
  }
}
