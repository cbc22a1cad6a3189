import type { InvalidReason } from '../events.js';
import type { Framing, FramingResult } from './framing.js';
import { HeadReader, type Head } from './head.js';
import { LineBuffer } from './line-buffer.js';
import { beginsMessage, couldStart } from './start-line.js';

const HEAD_MAX = 64 * 1024;
/** What a byte of an unfinished head costs: some of its fields are kept more than once. */
const HEAD_COST = 3;
const CHUNK_SIZE = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i;

/** What a reader tells its connection. */
export interface MessageSink {
  /** A whole head; the answer says how its body is framed. */
  head(head: Head): FramingResult;
  invalid(reason: InvalidReason): void;
  /** Bytes that are no start line, `first`: at the very beginning. The answer says what to do with the rest. */
  badStart(first: boolean): 'lost' | 'rest';
}

/**
 * `lost`: waits for bytes that begin with a whole start line. `rest`: to the end of the connection.
 * `dead`: what follows could be read in two ways, so it is not read.
 */
type State =
  | 'head'
  | 'length'
  | 'chunk_size'
  | 'chunk_data'
  | 'chunk_end'
  | 'trailers'
  | 'lost'
  | 'rest'
  | 'dead';

/** Reads the messages of one direction. Keeps at most one unfinished line. */
export class MessageReader {
  readonly #sink: MessageSink;
  readonly #lines = new LineBuffer();
  #state: State = 'head';
  #head = new HeadReader();
  #headBytes = 0;
  #remaining = 0;
  /** Nothing of it was understood yet. */
  #first = true;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  get heldBytes(): number {
    const head = this.#head.isOpen ? HEAD_COST * this.#headBytes : 0;
    return this.#lines.held + head;
  }

  /** What comes next is in no message that has begun. */
  get isOutside(): boolean {
    const isBefore = this.#state === 'head' && !this.#head.isOpen && this.#lines.partial === '';
    return isBefore || this.#state === 'lost' || this.#state === 'rest' || this.#state === 'dead';
  }

  feed(bytes: Uint8Array): void {
    if (this.#state === 'lost' && beginsMessage(bytes)) this.#become('head');
    let at = 0;
    while (at < bytes.length) at = this.#step(bytes, at);
  }

  /** `count` bytes are missing here. Inside a body of known length that changes nothing. */
  skip(count: number): void {
    switch (this.#state) {
      case 'length':
      case 'chunk_data':
        if (count > this.#remaining) this.#fail('hole');
        else this.#consume(count);
        return;
      case 'head':
      case 'chunk_size':
      case 'chunk_end':
      case 'trailers':
        this.#fail('hole');
        return;
      case 'lost':
      case 'rest':
      case 'dead':
        return;
    }
  }

  end(): void {
    const isInHead = this.#head.isOpen || this.#lines.partial !== '';
    if (this.#state === 'head' && isInHead) this.#fail('ended');
    this.#become('dead');
  }

  /** Another protocol follows. */
  becomeOpaque(): void {
    this.#become('rest');
  }

  #step(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case 'length':
      case 'chunk_data': {
        const count = Math.min(this.#remaining, bytes.length - at);
        this.#consume(count);
        return at + count;
      }
      case 'head':
      case 'chunk_size':
      case 'chunk_end':
      case 'trailers':
        return this.#gather(bytes, at, this.#state);
      case 'lost':
      case 'rest':
      case 'dead':
        return bytes.length;
    }
  }

  #consume(count: number): void {
    this.#remaining -= count;
    if (this.#remaining > 0) return;
    if (this.#state === 'chunk_data') this.#state = 'chunk_end';
    else this.#become('head');
  }

  #gather(
    bytes: Uint8Array,
    at: number,
    state: 'head' | 'chunk_size' | 'chunk_end' | 'trailers',
  ): number {
    const { next, ended } = this.#lines.gather(bytes, at);
    const isStart = state === 'head' && !this.#head.isOpen;
    if (isStart && !couldStart(this.#lines.partial)) {
      this.#badStart();
    } else if (this.#lines.isTooLong) {
      this.#fail('line_too_long');
    } else if (ended) {
      const { line, size } = this.#lines.take();
      this.#headBytes += size;
      this.#takeLine(line, state);
    }
    return next;
  }

  #takeLine(line: string, state: 'head' | 'chunk_size' | 'chunk_end' | 'trailers'): void {
    switch (state) {
      case 'head':
        if (this.#headBytes > HEAD_MAX) this.#fail('head_too_long');
        else this.#takeHeadLine(line);
        return;
      case 'chunk_size':
        this.#takeChunkSize(line);
        return;
      case 'chunk_end':
        if (line === '') this.#state = 'chunk_size';
        else this.#fail('bad_chunk');
        return;
      case 'trailers':
        if (line === '') this.#become('head');
        else if (this.#headBytes > HEAD_MAX) this.#fail('head_too_long');
        return;
    }
  }

  #takeHeadLine(line: string): void {
    const step = this.#head.line(line);
    switch (step.step) {
      case 'more':
        return;
      case 'invalid':
        if (step.reason !== 'bad_start_line') this.#fail(step.reason);
        else this.#badStart();
        return;
      case 'done': {
        this.#first = false;
        const framing = this.#sink.head(step.head);
        if (framing.body === 'invalid') this.#fail(framing.reason);
        else this.#frame(framing);
      }
    }
  }

  #frame(framing: Framing): void {
    switch (framing.body) {
      case 'none':
        this.#become('head');
        return;
      case 'length':
        this.#become('length');
        this.#remaining = framing.length;
        return;
      case 'chunked':
        this.#become('chunk_size');
        return;
      case 'rest':
        this.#become('rest');
        return;
    }
  }

  #takeChunkSize(line: string): void {
    const digits = CHUNK_SIZE.exec(line)?.[1];
    if (digits === undefined || line.includes('\r')) {
      this.#fail('bad_chunk');
      return;
    }
    this.#remaining = Number.parseInt(digits, 16);
    this.#headBytes = 0;
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk_data';
  }

  #badStart(): void {
    this.#become(this.#sink.badStart(this.#first));
  }

  #fail(reason: InvalidReason): void {
    // After a hole the next message may be found again; an ambiguous message must not be read on.
    this.#become(reason === 'hole' ? 'lost' : 'dead');
    this.#sink.invalid(reason);
  }

  #become(state: State): void {
    this.#state = this.#state === 'dead' ? 'dead' : state;
    this.#head = new HeadReader();
    this.#lines.clear();
    this.#headBytes = 0;
    this.#remaining = 0;
  }
}
