import { parseAuthority } from '../authority.js';
import type { Direction, HttpEvent, HttpStats, InvalidReason } from '../events.js';
import { FrameReader } from './frame-reader.js';
import type { Fields } from './header-block.js';

const STREAMS_MAX = 1024;
const STREAM_COST = 64;
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/;
const TARGET = /^[\x21-\x7e\x80-\xff]*$/;
const STATUS = /^[1-9][0-9]{2}$/;

/**
 * HTTP/2 of one connection, pushed in as it is captured. Streams have numbers that never come again, so that an answer
 * finds its request whichever of the two is seen first, and whatever was missed between them.
 */
export class Http2Connection {
  readonly #readers: Readonly<Record<Direction, FrameReader>>;
  /** By stream: the ids of requests that were not answered, and answers whose request was not seen. */
  readonly #asked = new Map<number, number>();
  readonly #answered = new Map<number, number>();
  readonly #stats = { requests: 0, responses: 0, unpaired: 0, invalid: 0, skippedBytes: 0 };
  #events: HttpEvent[] = [];
  /** The direction requests go, by the preface or else by the first of them; null: neither was seen. */
  #asks: Direction | null = null;
  #nextId = 1;

  constructor() {
    this.#readers = { write: this.#reader('write'), read: this.#reader('read') };
  }

  feed(direction: Direction, bytes: Uint8Array): HttpEvent[] {
    this.#readers[direction].feed(bytes);
    return this.#take();
  }

  skip(direction: Direction, count: number): HttpEvent[] {
    this.#stats.skippedBytes += count;
    this.#readers[direction].skip(count);
    return this.#take();
  }

  /** The connection ended. */
  end(): HttpEvent[] {
    return [];
  }

  get heldBytes(): number {
    const { write, read } = this.#readers;
    const streams = this.#asked.size + this.#answered.size;
    return write.heldBytes + read.heldBytes + STREAM_COST * streams;
  }

  stats(): HttpStats {
    return { ...this.#stats, heldBytes: this.heldBytes };
  }

  #reader(direction: Direction): FrameReader {
    return new FrameReader({
      preface: () => {
        this.#asks = direction;
        this.#asked.clear();
        this.#answered.clear();
      },
      headers: (stream, fields) => {
        this.#headers(direction, stream, fields);
      },
      invalid: (reason) => {
        this.#invalid(direction, reason);
      },
    });
  }

  #headers(direction: Direction, stream: number, { known, isWhole }: Fields): void {
    const named = new Map(known.map(({ name, value }) => [name, value]));
    const method = named.get(':method');
    const status = named.get(':status');
    // Trailers have neither.
    if (method === undefined && status === undefined) return;
    if (method !== undefined) this.#asks ??= direction;
    // Whoever asks cannot answer, and what is said twice could be understood in two ways.
    const isSense = this.#asks === null || (method !== undefined) === (this.#asks === direction);
    if (!isSense || named.size < known.length) this.#invalid(direction, 'bad_header');
    else if (method === undefined) this.#response(direction, stream, status ?? '');
    else this.#request(direction, stream, { method, named, isWhole });
  }

  #request(direction: Direction, stream: number, { method, named, isWhole }: Asked): void {
    // A field that is not known may be the authority, before which a host says nothing.
    const [authority, field] = [named.get(':authority'), named.get('host')];
    const said = authority ?? (isWhole ? field : undefined) ?? '';
    const host = hostOf(said);
    const target = named.get(':path') ?? (method === 'CONNECT' ? said : '');
    const isTarget = TARGET.test(target) && (target !== '' || !isWhole);
    if (!METHOD.test(method) || !isTarget || this.#asked.has(stream)) {
      this.#invalid(direction, 'bad_header');
      return;
    }
    if (authority !== undefined && field !== undefined && hostOf(field) !== host) {
      this.#invalid(direction, 'conflicting_host');
      return;
    }
    const id = this.#nextId++;
    this.#stats.requests += 1;
    this.#events.push({ event: 'request', id, method, target, host, version: '2' });
    const status = this.#answered.get(stream);
    this.#answered.delete(stream);
    if (status === undefined) remember(this.#asked, stream, id);
    else this.#answer(id, status);
  }

  #response(direction: Direction, stream: number, text: string): void {
    if (!STATUS.test(text)) {
      this.#invalid(direction, 'bad_header');
      return;
    }
    const status = Number(text);
    // Before the answer (RFC 9110, section 15.2).
    if (status < 200) return;
    const id = this.#asked.get(stream);
    if (id === undefined) {
      remember(this.#answered, stream, status);
      this.#stats.unpaired += 1;
      return;
    }
    this.#asked.delete(stream);
    this.#answer(id, status);
  }

  #answer(id: number, status: number): void {
    this.#stats.responses += 1;
    this.#events.push({ event: 'response', id, status });
  }

  #invalid(direction: Direction, reason: InvalidReason): void {
    this.#stats.invalid += 1;
    this.#events.push({ event: 'invalid', direction, reason });
  }

  #take(): HttpEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

const hostOf = (authority: string): string => parseAuthority(authority)?.host ?? '';

/** A header block that asks for something. */
interface Asked {
  readonly method: string;
  readonly named: ReadonlyMap<string, string>;
  readonly isWhole: boolean;
}

function remember(map: Map<number, number>, stream: number, value: number): void {
  const oldest = map.keys().next();
  if (map.size >= STREAMS_MAX && oldest.done !== true) map.delete(oldest.value);
  map.set(stream, value);
}
