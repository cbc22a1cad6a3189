import path from 'node:path';
import { codeOf } from './directory.js';
import type { Segment } from './directory.js';
import type { Files } from './files.js';
import { encodeHeader, segmentName } from './format.js';
import type { SegmentHeader } from './format.js';

export type Outcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly operation: 'create' | 'write' | 'sync'; readonly code: string };

/** The segment being written. Its bytes are those that are durable; whatever a failure left behind them is cut off. */
export class SegmentWriter {
  readonly name: string;
  bytes = 0;

  private constructor(
    private readonly files: Files,
    private readonly directory: string,
    private readonly header: SegmentHeader,
    private readonly fd: number,
  ) {
    this.name = segmentName(header.firstSeq);
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
    let operation: 'write' | 'sync' = 'write';
    try {
      await this.writeAll(data);
      operation = 'sync';
      await this.files.syncData(this.fd);
      if (first) this.files.syncDirectory(this.directory);
    } catch (error) {
      return { ok: false, operation, code: codeOf(error) };
    }
    this.bytes += data.length;
    return { ok: true };
  }

  /** Cuts off what is not durable; false when even that failed. */
  async rewind(): Promise<boolean> {
    try {
      await this.files.truncate(this.fd, this.bytes);
      return true;
    } catch {
      return false;
    }
  }

  close(modifiedMs: number): Segment {
    this.files.close(this.fd);
    return this.segment(modifiedMs);
  }

  segment(modifiedMs: number): Segment {
    return { name: this.name, firstSeq: this.header.firstSeq, bytes: this.bytes, modifiedMs };
  }

  private async writeAll(data: Buffer): Promise<void> {
    for (let done = 0; done < data.length;) {
      const rest = data.subarray(done);
      done += await this.files.write(this.fd, rest, this.bytes + done);
    }
  }
}
