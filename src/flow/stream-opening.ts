import type { WireHeadEvent } from '../event/index.js';
import { Assembly } from './assembly.js';
import { saidHello, saidQuestion, type FirstBytes } from './first-bytes.js';
import { looksLikeHello, readHandshake } from './tls-records.js';

/** As much of one stream as the kernel tells. */
const BYTES_MAX = 16_384;

/** What is told of one TCP connection until all it says is understood. */
export interface StreamOpening {
  /** Something began and is not whole. */
  readonly isWaiting: boolean;
  /** Nothing more is to be read of it. */
  readonly isDone: boolean;
  on(event: WireHeadEvent): readonly FirstBytes[];
  /** What there is, when nothing more is to be expected. */
  giveUp(): readonly FirstBytes[];
}

/** A ClientHello, from the byte on where one seems to begin. */
export class HelloStream implements StreamOpening {
  readonly #base: number;
  readonly #pieces = new Assembly(BYTES_MAX);
  isDone = false;

  constructor(base: number) {
    this.#base = base;
  }

  get isWaiting(): boolean {
    return !this.isDone;
  }

  on({ offset, bytes }: WireHeadEvent): readonly FirstBytes[] {
    const before = Math.max(0, this.#base - offset);
    const piece = bytes.subarray(before);
    if (this.isDone || piece.length === 0) return [];
    this.#pieces.add(offset + before - this.#base, piece);
    const { whole } = this.#pieces;
    const handshake = readHandshake(whole);
    if (handshake?.state === 'partial' && whole.length < BYTES_MAX) return [];
    this.isDone = true;
    return handshake === null ? [{ says: 'malformed' }] : [saidHello(handshake, null)];
  }

  giveUp(): readonly FirstBytes[] {
    this.isDone = true;
    const handshake = readHandshake(this.#pieces.whole);
    return handshake === null ? [{ says: 'malformed' }] : [saidHello(handshake, null)];
  }
}

/** Questions to a name server, each with its length before it (RFC 1035 4.2.2). */
export class QuestionStream implements StreamOpening {
  readonly #pieces = new Assembly(BYTES_MAX);
  #read = 0;
  isDone = false;

  get isWaiting(): boolean {
    return !this.isDone && this.#pieces.hasBytes && this.#read < this.#pieces.whole.length;
  }

  on({ offset, bytes }: WireHeadEvent): readonly FirstBytes[] {
    this.#pieces.add(offset, bytes);
    const { whole } = this.#pieces;
    // A name server may be spoken to in TLS on any port.
    if (this.#read === 0 && looksLikeHello(whole) && whole.length > 2) return this.#asHello(whole);
    const said: FirstBytes[] = [];
    for (;;) {
      const message = this.#next(whole);
      if (message === null) break;
      said.push(saidQuestion(message));
    }
    if (this.#read >= BYTES_MAX) this.isDone = true;
    return said;
  }

  giveUp(): readonly FirstBytes[] {
    this.isDone = true;
    return [{ says: 'malformed' }];
  }

  #next(whole: Uint8Array): Uint8Array | null {
    const [high, low] = [whole[this.#read], whole[this.#read + 1]];
    if (high === undefined || low === undefined) return null;
    const from = this.#read + 2;
    const to = from + high * 256 + low;
    if (to > whole.length) return null;
    this.#read = to;
    return whole.subarray(from, to);
  }

  #asHello(whole: Uint8Array): readonly FirstBytes[] {
    const handshake = readHandshake(whole);
    if (handshake?.state === 'partial') return [];
    this.isDone = true;
    return handshake === null ? [{ says: 'malformed' }] : [saidHello(handshake, null)];
  }
}
