import { encodeFrame } from './format.js';

/** A record that has its number and is not durable yet. */
export interface Waiting {
  readonly frame: Buffer;
  readonly leaf: Buffer;
}

/** Records that have their number and are not durable yet. */
export class Backlog {
  private waiting: Waiting[] = [];
  private size = 0;

  constructor(private readonly maxBytes: number) {}

  get length(): number {
    return this.waiting.length;
  }

  get bytes(): number {
    return this.size;
  }

  /** A quarter is kept for findings and for what the sensors say of themselves: activity is what there is most of. */
  hasRoom(bytes: number, important: boolean): boolean {
    return this.size + bytes <= (important ? this.maxBytes : this.maxBytes * 0.75);
  }

  push(record: Uint8Array, leaf: Buffer): void {
    const frame = encodeFrame(record);
    this.waiting.push({ frame, leaf });
    this.size += frame.length;
  }

  /** The oldest that fit, at least one; they stay until they are dropped. */
  oldest(maxBytes: number): Waiting[] {
    let bytes = 0;
    const end = this.waiting.findIndex(({ frame }) => (bytes += frame.length) > maxBytes);
    return end < 0 ? this.waiting.slice() : this.waiting.slice(0, Math.max(end, 1));
  }

  drop(count: number): void {
    for (const { frame } of this.waiting.splice(0, count)) this.size -= frame.length;
  }
}
