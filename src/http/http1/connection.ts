import type { Direction, HttpEvent, HttpStats, InvalidReason } from '../events.js';
import { frameMessage, type FramingResult } from './framing.js';
import type { Head } from './head.js';
import { MessageReader } from './message-reader.js';
import { Pairing } from './pairing.js';
import type { RequestLine } from './start-line.js';

/**
 * HTTP/1.1 of one connection, pushed in as it is captured. Which direction asks is learnt from the first start line: a
 * watched process may be the server. Holds one unfinished line a direction (16 KiB) and the requests not answered yet.
 */
export class Http1Connection {
  readonly #readers: Readonly<Record<Direction, MessageReader>>;
  readonly #pairing = new Pairing();
  readonly #stats = { requests: 0, responses: 0, unpaired: 0, invalid: 0, skippedBytes: 0 };
  #events: HttpEvent[] = [];
  /** The direction requests go; null until a start line was seen. */
  #asks: Direction | null = null;
  #saidNotHttp = false;

  constructor() {
    this.#readers = { write: this.#reader('write'), read: this.#reader('read') };
  }

  feed(direction: Direction, bytes: Uint8Array): HttpEvent[] {
    if (bytes.length === 0) return [];
    if (this.#asks === opposite(direction)) this.#pairing.answered();
    this.#readers[direction].feed(bytes);
    return this.#take();
  }

  /** `count` bytes of this direction are missing here. */
  skip(direction: Direction, count: number): HttpEvent[] {
    if (count <= 0) return [];
    this.#stats.skippedBytes += count;
    if (this.#asks === opposite(direction)) this.#pairing.answered();
    this.#readers[direction].skip(count);
    return this.#take();
  }

  /** The connection ended. */
  end(): HttpEvent[] {
    this.#readers.write.end();
    this.#readers.read.end();
    return this.#take();
  }

  /** What comes next in this direction is in no message that has begun. */
  isOutside(direction: Direction): boolean {
    return this.#readers[direction].isOutside;
  }

  get heldBytes(): number {
    const { write, read } = this.#readers;
    return write.heldBytes + read.heldBytes + this.#pairing.held;
  }

  stats(): HttpStats {
    return { ...this.#stats, heldBytes: this.heldBytes };
  }

  #reader(direction: Direction): MessageReader {
    return new MessageReader({
      head: (head) => this.#head(direction, head),
      invalid: (reason) => {
        this.#invalid(direction, reason);
      },
      badStart: (first) => this.#badStart(direction, first),
    });
  }

  #head(direction: Direction, head: Head): FramingResult {
    const { start } = head;
    const asks = start.kind === 'request' ? direction : opposite(direction);
    this.#asks ??= asks;
    if (asks !== this.#asks) return { body: 'invalid', reason: 'bad_start_line' };
    return start.kind === 'request'
      ? this.#request(head, start)
      : this.#response(head, start.status);
  }

  #request(head: Head, start: RequestLine): FramingResult {
    const framing = frameMessage(head, null);
    if (framing.body === 'invalid') return framing;
    const { method, target, version } = start;
    const id = this.#pairing.ask(method);
    this.#stats.requests += 1;
    this.#events.push({ event: 'request', id, method, target, host: head.host, version });
    // The target of CONNECT says nothing about a body, and a length in it is ignored (RFC 9110 9.3.6).
    return method === 'CONNECT' ? { body: 'none' } : framing;
  }

  #response(head: Head, status: number): FramingResult {
    if (status < 200 && status !== 101) return frameMessage(head, null);
    this.#pairing.answered();
    const request = this.#pairing.answer();
    const framing = frameMessage(head, request?.method ?? null);
    if (framing.body === 'invalid') return framing;
    if (request === null) {
      this.#stats.unpaired += 1;
    } else {
      this.#stats.responses += 1;
      this.#events.push({ event: 'response', id: request.id, status });
    }
    const isTunnel = request?.method === 'CONNECT' && status < 300;
    if (status === 101 || isTunnel) this.#readers[this.#asks ?? 'write'].becomeOpaque();
    return framing;
  }

  #invalid(direction: Direction, reason: InvalidReason): void {
    this.#stats.invalid += 1;
    if (reason !== 'ended') this.#lose(direction, reason === 'hole');
    this.#events.push({ event: 'invalid', direction, reason });
  }

  #badStart(direction: Direction, first: boolean): 'lost' | 'rest' {
    // A client may speak inside its tunnel before the proxy has answered.
    if (direction === this.#asks && this.#pairing.isTunnelAsked) return 'rest';
    if (!first) {
      this.#invalid(direction, 'bad_start_line');
      return 'lost';
    }
    // Begun late on a connection, the rest of an old answer comes first: nothing asked is lost with it.
    if (this.#asks !== null) this.#lose(direction, true);
    if (this.#saidNotHttp) return 'lost';
    this.#saidNotHttp = true;
    this.#events.push({ event: 'not_http' });
    return 'lost';
  }

  #lose(direction: Direction, mayReturn: boolean): void {
    this.#pairing.lose(this.#asks !== opposite(direction), mayReturn);
  }

  #take(): HttpEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

const opposite = (direction: Direction): Direction => (direction === 'write' ? 'read' : 'write');
