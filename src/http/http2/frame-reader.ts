import type { InvalidReason } from '../events.js';
import {
  FLAG,
  FRAME,
  FRAME_HEAD,
  isPlausible,
  isWellFormed,
  readFrameHead,
  type FrameHead,
} from './frame.js';
import { decodeHeaderBlock, type Fields } from './header-block.js';
import { HeaderTable } from './header-table.js';
import { PREFACE } from './opening.js';

const BLOCK_MAX = 64 * 1024;
/** What a part of a block costs beside its bytes: empty ones, too. */
const PART_COST = 200;
const NOTHING: Uint8Array = new Uint8Array(0);

/** What a reader tells its connection. */
export interface FrameSink {
  /** A client begins, and its streams with it. */
  preface(): void;
  /** A whole header block. */
  headers(stream: number, fields: Fields): void;
  invalid(reason: InvalidReason): void;
}

/** `seek`: waits for a call that begins with a frame. `skip`: inside a payload that is of no interest. */
type State = 'seek' | 'head' | 'skip' | 'fragment';

interface Block {
  readonly stream: number;
  readonly isPromise: boolean;
  fragments: Uint8Array[];
  size: number;
  /** Too long: its end is waited for. */
  isDropped: boolean;
}

/** Reads the frames of one direction. Keeps at most one unfinished header block, of 64 KiB. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #table = new HeaderTable();
  #state: State = 'seek';
  /** Nothing of this direction came yet. */
  #isNew = true;
  /** Of an unfinished preface or head of a frame. */
  #held: Uint8Array = NOTHING;
  #frame: FrameHead = { length: 0, type: 0, flags: 0, stream: 0 };
  #remaining = 0;
  /** Room for the payload of a part of a block. */
  #payload: Uint8Array = NOTHING;
  /** Of which CONTINUATION is to come, or the payload that is being gathered. */
  #block: Block | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  get heldBytes(): number {
    return this.#held.length + this.#table.held + (this.#block?.size ?? 0);
  }

  feed(bytes: Uint8Array): void {
    let at = this.#state === 'seek' ? this.#seek(bytes) : 0;
    while (at < bytes.length) at = this.#step(bytes, at);
  }

  /** `count` bytes are missing here. Inside of a payload nobody looks at that changes nothing. */
  skip(count: number): void {
    if (this.#state === 'skip' && count <= this.#remaining) {
      this.#consume(count);
      return;
    }
    if (this.#state === 'seek') this.#table.forget();
    else this.#lose('hole');
    this.#isNew = false;
    this.#held = NOTHING;
  }

  /** Where to go on in `bytes`, with which a call begins. */
  #seek(bytes: Uint8Array): number {
    const before = this.#held;
    const opening = Buffer.concat([before, bytes.subarray(0, PREFACE.length - before.length)]);
    this.#held = NOTHING;
    const isWhole = opening.length === PREFACE.length;
    if ((this.#isNew || isWhole) && PREFACE.subarray(0, opening.length).equals(opening)) {
      if (isWhole) this.#takePreface(0);
      else this.#held = opening;
      return opening.length - before.length;
    }
    const head = readFrameHead(opening, 0);
    if (head === null) {
      this.#held = opening;
      return bytes.length;
    }
    const next = readFrameHead(bytes, FRAME_HEAD + head.length - before.length);
    const isFrame = isPlausible(head) && (this.#isNew || next === null || isPlausible(next));
    this.#isNew = false;
    if (!isFrame) return bytes.length;
    this.#state = 'head';
    for (let at = 0; at < before.length;) at = this.#step(before, at);
    return 0;
  }

  /** `left`: bytes of it that are still to come. */
  #takePreface(left: number): void {
    this.#isNew = false;
    this.#table.forget();
    this.#block = null;
    this.#remaining = left;
    this.#state = left > 0 ? 'skip' : 'head';
    this.#sink.preface();
  }

  #step(bytes: Uint8Array, at: number): number {
    if (this.#state === 'seek') return bytes.length;
    if (this.#state === 'head') return this.#gatherHead(bytes, at);
    const end = Math.min(bytes.length, at + this.#remaining);
    const done = this.#frame.length - this.#remaining;
    if (this.#state === 'fragment') this.#payload.set(bytes.subarray(at, end), done);
    this.#consume(end - at);
    return end;
  }

  #gatherHead(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + FRAME_HEAD - this.#held.length);
    this.#held = Buffer.concat([this.#held, bytes.subarray(at, end)]);
    const head = readFrameHead(this.#held, 0);
    if (head === null) return end;
    // Another connection in the same session, whose beginning was not seen; as a frame it would be 5 MB long.
    if (PREFACE.subarray(0, FRAME_HEAD).equals(this.#held)) {
      this.#held = NOTHING;
      this.#takePreface(PREFACE.length - FRAME_HEAD);
      return end;
    }
    this.#held = NOTHING;
    this.#frame = head;
    this.#remaining = head.length;
    this.#state = this.#stateFor(head);
    if (head.length === 0) this.#consume(0);
    return end;
  }

  #stateFor(head: FrameHead): State {
    const { type, stream, length } = head;
    const isFirst = type === FRAME.headers || type === FRAME.pushPromise;
    const follows = type === FRAME.continuation && this.#block?.stream === stream;
    // Nothing may come between the parts of a block (RFC 9113, section 6.10).
    if (!isWellFormed(head) || (this.#block === null ? type === FRAME.continuation : !follows))
      return this.#lose('bad_frame');
    if (!isFirst && !follows) return 'skip';
    const isPromise = type === FRAME.pushPromise;
    this.#block ??= { stream, isPromise, fragments: [], size: 0, isDropped: false };
    this.#block.size += PART_COST + length;
    if (!this.#block.isDropped && this.#block.size > BLOCK_MAX) this.#drop(this.#block);
    if (!this.#block.isDropped) {
      this.#payload = new Uint8Array(length);
      return 'fragment';
    }
    this.#block.size = 0;
    if ((head.flags & FLAG.endHeaders) !== 0) this.#block = null;
    return 'skip';
  }

  /** Its frames still say where the next one begins. */
  #drop(block: Block): void {
    block.isDropped = true;
    block.fragments = [];
    this.#forget('head_too_long');
  }

  #consume(count: number): void {
    this.#remaining -= count;
    if (this.#remaining > 0 || this.#state === 'seek') return;
    const isFragment = this.#state === 'fragment';
    this.#state = 'head';
    if (isFragment) this.#takeFragment();
  }

  #takeFragment(): void {
    const block = this.#block;
    const fragment = fragmentOf(this.#frame, this.#payload);
    this.#payload = NOTHING;
    if (block === null || fragment === null) {
      this.#lose('bad_frame');
      return;
    }
    block.fragments.push(fragment);
    if ((this.#frame.flags & FLAG.endHeaders) === 0) return;
    this.#block = null;
    const fields = decodeHeaderBlock(Buffer.concat(block.fragments), this.#table);
    if (fields === null) this.#forget('bad_header');
    // What a server promises nobody asked for.
    else if (!block.isPromise) this.#sink.headers(block.stream, fields);
  }

  /** Where the next frame begins is not known any more. */
  #lose(reason: InvalidReason): 'seek' {
    this.#block = null;
    this.#payload = NOTHING;
    this.#state = 'seek';
    this.#forget(reason);
    return 'seek';
  }

  /** Something may have been added to the table that was not seen. */
  #forget(reason: InvalidReason): void {
    this.#table.forget();
    this.#sink.invalid(reason);
  }
}

/** The part of a header block in a payload: without padding, priority and the number of a promised stream. */
function fragmentOf({ type, flags }: FrameHead, payload: Uint8Array): Uint8Array | null {
  if (type === FRAME.continuation) return payload;
  const isPadded = (flags & FLAG.padded) !== 0;
  const padding = isPadded ? (payload[0] ?? 0) : 0;
  const hasPriority = type === FRAME.headers && (flags & FLAG.priority) !== 0;
  const before = (isPadded ? 1 : 0) + (hasPriority ? 5 : 0) + (type === FRAME.pushPromise ? 4 : 0);
  const end = payload.length - padding;
  return before > end ? null : payload.subarray(before, end);
}
