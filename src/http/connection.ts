import type { Direction, HttpEvent, HttpStats } from './events.js';
import { Http1Connection } from './http1/connection.js';
import { Http2Connection } from './http2/connection.js';
import { opensHttp2 } from './http2/opening.js';

/** Pieces that leave it open which protocol this is: of one byte each, say, up to a preface in either direction. */
const UNDECIDED_MAX = 64;
const PIECE_COST = 256;

type Piece =
  | { readonly direction: Direction; readonly bytes: Uint8Array }
  | { readonly direction: Direction; readonly missing: number };

/** HTTP of one connection, whichever version it turns out to be. */
export class HttpConnection {
  #reader: Http1Connection | Http2Connection | null = null;
  #undecided: Piece[] = [];
  /** What came was no beginning of anything. */
  #isUnknown = false;

  feed(direction: Direction, bytes: Uint8Array): HttpEvent[] {
    if (bytes.length === 0) return [];
    // Heard late, a connection of HTTP/2 may begin in the middle of a frame.
    if (this.#isUnknown && opensHttp2(bytes) === true) this.#become(new Http2Connection());
    if (this.#reader !== null) return this.#note(this.#reader.feed(direction, bytes));
    const isHttp2 = opensHttp2(Buffer.concat([...this.#opening(direction), bytes]));
    if (isHttp2 === null && this.#undecided.length < UNDECIDED_MAX) {
      this.#undecided.push({ direction, bytes: new Uint8Array(bytes) });
      return [];
    }
    const reader = isHttp2 === true ? new Http2Connection() : new Http1Connection();
    return [...this.#decide(reader), ...this.#note(reader.feed(direction, bytes))];
  }

  /** `count` bytes of this direction are missing here. */
  skip(direction: Direction, count: number): HttpEvent[] {
    if (count <= 0) return [];
    if (this.#reader !== null) return this.#reader.skip(direction, count);
    if (this.#undecided.length >= UNDECIDED_MAX) {
      return [...this.#decide(new Http1Connection()), ...this.skip(direction, count)];
    }
    this.#undecided.push({ direction, missing: count });
    return [];
  }

  /** The connection ended. */
  end(): HttpEvent[] {
    const reader = this.#reader ?? new Http1Connection();
    return [...this.#decide(reader), ...reader.end()];
  }

  get heldBytes(): number {
    return this.#reader?.heldBytes ?? PIECE_COST * this.#undecided.length;
  }

  stats(): HttpStats {
    const stats = (this.#reader ?? new Http1Connection()).stats();
    return { ...stats, heldBytes: this.heldBytes };
  }

  #become(reader: Http1Connection | Http2Connection): void {
    this.#reader = reader;
    this.#isUnknown = false;
  }

  #note(events: HttpEvent[]): HttpEvent[] {
    this.#isUnknown ||= events.some(({ event }) => event === 'not_http');
    return events;
  }

  #decide(reader: Http1Connection | Http2Connection): HttpEvent[] {
    this.#become(reader);
    const pieces = this.#undecided;
    this.#undecided = [];
    return this.#note(
      pieces.flatMap((piece) =>
        'bytes' in piece
          ? reader.feed(piece.direction, piece.bytes)
          : reader.skip(piece.direction, piece.missing),
      ),
    );
  }

  /** What of this direction came since something was missing. */
  #opening(direction: Direction): Uint8Array[] {
    let opening: Uint8Array[] = [];
    for (const piece of this.#undecided) {
      if (piece.direction !== direction) continue;
      if ('bytes' in piece) opening.push(piece.bytes);
      else opening = [];
    }
    return opening;
  }
}
