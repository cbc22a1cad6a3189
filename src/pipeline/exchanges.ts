import type { HttpInfo, Origin, ProcessKey } from '../event/index.js';
import type { Flow } from '../flow/index.js';
import type { HttpEvent, RequestEvent } from '../http/index.js';
import type { StreamChunk, StreamEnd } from '../stream/index.js';
import { HttpSessions, type HttpSession } from './http-sessions.js';

const EXCHANGES_MAX = 16_384;
/** What they may be together: a path can be 16 KiB long, and an answer ten seconds away. */
const OPEN_MAX_BYTES = 16 * 1024 * 1024;
/** Answers that wait for their requests: of one read each. */
const EARLY_MAX = 256;
/** The send that ties a session to its socket comes out of another ring than the plaintext. */
const TIE_NS = 2_000_000_000n;
const ANSWER_NS = 10_000_000_000n;

/** One request and its response, as far as they were seen. */
export interface Exchange {
  readonly key: ProcessKey;
  readonly root: ProcessKey | null;
  readonly ssl: bigint;
  /** Counts up from 1 on its connection. */
  readonly id: number;
  /** Of the record in which the request's head ended. */
  readonly origin: Origin;
  /** The watched process asked; otherwise it is the server. */
  readonly asked: boolean;
  /** Number of the probes that gave the request; null: not told. */
  readonly attachment: number | null;
  http: HttpInfo;
  flow: Flow | null;
  /** No response will come. */
  ended: boolean;
  /** There is no room to wait for anything. */
  crowdedOut: boolean;
}

type Session = HttpSession<Exchange>;

export interface ExchangeStep {
  /** Requests whose flow has just become known. */
  readonly tied: readonly Exchange[];
  /** Complete, as far as they ever will be. */
  readonly done: readonly Exchange[];
}

/** HTTP exchanges of TLS sessions, each with the flow it went over. */
export class Exchanges {
  readonly #flowOf: (key: ProcessKey, ssl: bigint) => Flow | null;
  readonly #sessions = new HttpSessions<Exchange>();
  readonly #open = new Set<Exchange>();
  /** Those whose answer waits for its request. */
  readonly #early = new Set<Session>();
  readonly #stats = { notHttp: 0, invalid: 0, evicted: 0, untied: 0 };
  #openBytes = 0;
  #nowNs = 0n;

  constructor(flowOf: (key: ProcessKey, ssl: bigint) => Flow | null) {
    this.#flowOf = flowOf;
  }

  chunk(chunk: StreamChunk): ExchangeStep {
    this.#advance(chunk.origin.bootNs);
    const session = this.#sessions.use(chunk.key, chunk.ssl);
    const chunks = session.early.order(chunk, this.#early.size < EARLY_MAX);
    if (session.early.isHolding) this.#early.add(session);
    else this.#early.delete(session);
    const touched = chunks.flatMap((one) => this.#read(session, one));
    return this.#settle([...touched, ...this.#closeSurplus()]);
  }

  /** Sessions ended. What both directions still held comes first, for it belongs to them. */
  end(ends: readonly StreamEnd[]): ExchangeStep {
    const steps = ends.flatMap(({ rest }) => rest.map((chunk) => this.chunk(chunk)));
    for (const { key, ssl } of ends) {
      const session = this.#sessions.get(key, ssl);
      if (session !== undefined) steps.push(this.#settle(this.#close(session)));
    }
    return merge(steps);
  }

  /** A tie may have come, or will not come any more. */
  tick(bootNs: bigint): ExchangeStep {
    this.#advance(bootNs);
    const due = [...this.#early].filter(({ early }) => early.isDue(this.#nowNs));
    const touched = due.flatMap((session) => this.#readEarly(session));
    return this.#settle([...touched, ...this.#open]);
  }

  stats() {
    return { ...this.#sessions.stats(), open: this.#open.size, ...this.#stats };
  }

  #advance(bootNs: bigint): void {
    if (bootNs > this.#nowNs) this.#nowNs = bootNs;
  }

  #read(session: Session, chunk: StreamChunk): Exchange[] {
    const events =
      'bytes' in chunk
        ? session.http.feed(chunk.direction, chunk.bytes)
        : session.http.skip(chunk.direction, chunk.missing);
    this.#sessions.count(session);
    return events.flatMap((event) => this.#on(session, event, chunk));
  }

  #readEarly(session: Session): Exchange[] {
    const chunk = session.early.release();
    this.#early.delete(session);
    return chunk === null ? [] : this.#read(session, chunk);
  }

  #on(session: Session, event: HttpEvent, chunk: StreamChunk): Exchange[] {
    switch (event.event) {
      case 'request':
        return this.#request(session, event, chunk);
      case 'response': {
        const exchange = session.open.get(event.id);
        if (exchange === undefined) return [];
        session.open.delete(event.id);
        exchange.http = { ...exchange.http, status: event.status };
        return [exchange];
      }
      case 'not_http':
        this.#stats.notHttp += 1;
        return [];
      case 'invalid':
        this.#stats.invalid += 1;
        return [];
    }
  }

  #request(session: Session, event: RequestEvent, chunk: StreamChunk): Exchange[] {
    const { id, method, host, target, version } = event;
    const { key, root, ssl, origin, attachment } = chunk;
    const http = { method, host, path: target, status: 0, version };
    const asked = chunk.direction === 'write';
    const of = { key, root, ssl, id, origin, asked, attachment };
    const exchange = { ...of, http, flow: null, ended: false, crowdedOut: false };
    session.open.set(id, exchange);
    this.#open.add(exchange);
    this.#openBytes += bytesOf(exchange);
    return [...this.#crowdOut(), exchange];
  }

  /** The oldest, as they are now, until there is room for the others. */
  #crowdOut(): Exchange[] {
    const out: Exchange[] = [];
    let [count, bytes] = [this.#open.size, this.#openBytes];
    for (const exchange of this.#open) {
      if (count <= EXCHANGES_MAX && bytes <= OPEN_MAX_BYTES) break;
      exchange.crowdedOut = true;
      out.push(exchange);
      count -= 1;
      bytes -= bytesOf(exchange);
    }
    this.#stats.evicted += out.length;
    return out;
  }

  #settle(exchanges: readonly Exchange[]): ExchangeStep {
    const tied: Exchange[] = [];
    const done: Exchange[] = [];
    for (const exchange of exchanges) {
      if (!this.#open.has(exchange)) continue;
      if (exchange.flow === null) {
        exchange.flow = this.#flowOf(exchange.key, exchange.ssl);
        if (exchange.flow !== null) tied.push(exchange);
      }
      if (!this.#isDone(exchange)) continue;
      if (exchange.flow === null) this.#stats.untied += 1;
      this.#open.delete(exchange);
      this.#openBytes -= bytesOf(exchange);
      this.#sessions.get(exchange.key, exchange.ssl)?.open.delete(exchange.id);
      done.push(exchange);
    }
    return { tied, done };
  }

  #isDone(exchange: Exchange): boolean {
    if (exchange.crowdedOut) return true;
    const age = this.#nowNs - exchange.origin.bootNs;
    const isAnswered = exchange.http.status !== 0 || exchange.ended || age >= ANSWER_NS;
    return isAnswered && (exchange.flow !== null || age >= TIE_NS);
  }

  #closeSurplus(): Exchange[] {
    const closed: Exchange[] = [];
    for (let one = this.#sessions.surplus(); one !== undefined; one = this.#sessions.surplus()) {
      this.#stats.evicted += 1;
      closed.push(...this.#close(one));
    }
    return closed;
  }

  #close(session: Session): Exchange[] {
    this.#readEarly(session);
    this.#sessions.remove(session);
    for (const event of session.http.end()) if (event.event === 'invalid') this.#stats.invalid += 1;
    const open = [...session.open.values()];
    for (const exchange of open) exchange.ended = true;
    return open;
  }
}

const bytesOf = ({ http: { method, host, path } }: Exchange): number =>
  method.length + host.length + path.length;

const merge = (steps: readonly ExchangeStep[]): ExchangeStep => ({
  tied: steps.flatMap((step) => step.tied),
  done: steps.flatMap((step) => step.done),
});
