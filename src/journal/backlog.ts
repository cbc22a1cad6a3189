import { encodeFrame } from './format.js';

/** Records that have their number and are not durable yet. */
export class Backlog {
  private frames: Buffer[] = [];
  private size = 0;

  constructor(private readonly maxBytes: number) {}

  get length(): number {
    return this.frames.length;
  }

  get bytes(): number {
    return this.size;
  }

  /** A quarter is kept for findings and for what the sensors say of themselves: activity is what there is most of. */
  hasRoom(bytes: number, important: boolean): boolean {
    return this.size + bytes <= (important ? this.maxBytes : this.maxBytes * 0.75);
  }

  push(record: Uint8Array): void {
    const frame = encodeFrame(record);
    this.frames.push(frame);
    this.size += frame.length;
  }

  /** The oldest frames that fit, at least one; they stay until they are dropped. */
  oldest(maxBytes: number): Buffer[] {
    let bytes = 0;
    const end = this.frames.findIndex((frame) => (bytes += frame.length) > maxBytes);
    return end < 0 ? this.frames.slice() : this.frames.slice(0, Math.max(end, 1));
  }

  drop(count: number): void {
    for (const frame of this.frames.splice(0, count)) this.size -= frame.length;
  }
}
