import type { Direction, HttpEvent, HttpStats } from './events.js';
import { Http1Connection } from './http1/connection.js';
import { Http2Connection } from './http2/connection.js';
import { beginsMessage } from './http1/start-line.js';
import { opensHttp2 } from './http2/opening.js';

/** Pieces that leave it open which protocol this is: of one byte each, say, up to a preface in either direction. */
const UNDECIDED_MAX = 64;
const PIECE_COST = 256;

type Reader = Http1Connection | Http2Connection;

type Piece =
  | { readonly direction: Direction; readonly bytes: Uint8Array }
  | { readonly direction: Direction; readonly missing: number };

/** HTTP of one connection, whichever version it turns out to be. */
export class HttpConnection {
  #reader: Reader | null = null;
  #undecided: Piece[] = [];
  /** Something was asked or answered. */
  #isSure = false;

  feed(direction: Direction, bytes: Uint8Array): HttpEvent[] {
    if (bytes.length === 0) return [];
    if (this.#reader !== null) {
      // Heard late, a connection begins in the middle of anything, and that may look like what it is not.
      if (!this.#isSure) this.#reader = otherThan(this.#reader, direction, bytes) ?? this.#reader;
      return this.#note(this.#reader.feed(direction, bytes));
    }
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

  #note(events: HttpEvent[]): HttpEvent[] {
    this.#isSure ||= events.some(({ event }) => event === 'request' || event === 'response');
    return events;
  }

  #decide(reader: Reader): HttpEvent[] {
    this.#reader = reader;
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

/** A reader of the other version, where a call begins with it. */
function otherThan(reader: Reader, direction: Direction, bytes: Uint8Array): Reader | null {
  if (reader instanceof Http2Connection) return beginsMessage(bytes) ? new Http1Connection() : null;
  const isHttp2 = reader.isOutside(direction) && opensHttp2(bytes) === true;
  return isHttp2 ? new Http2Connection() : null;
}
