import type { BytesChunk, StreamChunk } from '../stream/index.js';

/** A thread that wrote may be put aside before it returns. */
const EARLY_NS = 100_000_000n;
const ANSWER = Buffer.from('HTTP/1.');

/**
 * What a call moved is told when it returns. Where one thread writes and another reads (Go), the whole answer may be read
 * before the write of the request has returned. An answer that is the first of its session waits for its request: not
 * for long, for where probes came late it is the answer to one that was never seen.
 */
export class EarlyAnswer {
  #isFirst = true;
  #held: BytesChunk | null = null;

  /** What is to be read now, in this order. `mayHold`: there is room to keep it. */
  order(chunk: StreamChunk, mayHold: boolean): StreamChunk[] {
    const held = this.release();
    if (held !== null) return isRequestOf(held, chunk) ? [chunk, held] : [held, chunk];
    const isAnswer = this.#isFirst && chunk.direction === 'read' && beginsAnswer(chunk);
    this.#isFirst = false;
    if (!isAnswer || !mayHold) return [chunk];
    this.#held = { ...chunk, bytes: new Uint8Array(chunk.bytes) };
    return [];
  }

  get isHolding(): boolean {
    return this.#held !== null;
  }

  /** It waited long enough. */
  isDue(nowNs: bigint): boolean {
    return this.#held !== null && nowNs - this.#held.origin.bootNs > EARLY_NS;
  }

  release(): BytesChunk | null {
    const held = this.#held;
    this.#held = null;
    return held;
  }
}

const beginsAnswer = (chunk: StreamChunk): chunk is BytesChunk =>
  'bytes' in chunk && ANSWER.equals(chunk.bytes.subarray(0, ANSWER.length));

/** One thread does one after the other. */
const isRequestOf = (answer: BytesChunk, chunk: StreamChunk): boolean =>
  chunk.direction === 'write' &&
  chunk.tid !== answer.tid &&
  chunk.origin.bootNs - answer.origin.bootNs <= EARLY_NS;
