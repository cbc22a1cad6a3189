import type { ProcessKey, TlsDataEvent } from '../event/index.js';
import type { StreamChunk, StreamEnd, StreamStats } from './chunk.js';
import { InnerPlaintext } from './inner-plaintext.js';
import { OneWaySessions } from './one-way.js';
import { Streams } from './streams.js';

export interface PlaintextStats extends StreamStats {
  readonly inner: ReturnType<InnerPlaintext['stats']>;
  readonly oneWay: ReturnType<OneWaySessions['stats']>;
}

/**
 * Plaintext in order, whether it was read where a library takes a stream or where it encrypts a record: of records the
 * padding is taken off and both directions are joined, then all go the same way.
 */
export class Plaintext {
  readonly #inner = new InnerPlaintext();
  readonly #oneWay: OneWaySessions;
  readonly #streams = new Streams();

  /** `cookieOf`: the socket a session is tied to. */
  constructor(cookieOf: (key: ProcessKey, ssl: bigint) => bigint | null) {
    this.#oneWay = new OneWaySessions(cookieOf);
  }

  on(event: TlsDataEvent): StreamChunk[] {
    return this.#through(this.#inner.on(event));
  }

  /** A session may have been tied to its socket. */
  tied(key: ProcessKey, ssl: bigint): StreamChunk[] {
    return this.#in(this.#oneWay.tied(key, ssl));
  }

  tick(bootNs: bigint): StreamChunk[] {
    return this.#in(this.#oneWay.tick(bootNs));
  }

  /** Every ring was empty. */
  drained(): StreamChunk[] {
    return [...this.#through(this.#inner.drained()), ...this.#streams.drained()];
  }

  free(key: ProcessKey, ssl: bigint): StreamEnd[] {
    return this.#streams.free(key, ssl);
  }

  exit(key: ProcessKey): StreamEnd[] {
    const held = [...this.#through(this.#inner.exit(key)), ...this.#in(this.#oneWay.exit(key))];
    return this.#streams.exit(key).map((end) => {
      const own = held.filter(
        ({ ssl, direction }) => ssl === end.ssl && direction === end.direction,
      );
      return own.length === 0 ? end : { ...end, rest: [...own, ...end.rest] };
    });
  }

  stats(): PlaintextStats {
    const { inner, oneWay } = { inner: this.#inner.stats(), oneWay: this.#oneWay.stats() };
    return { ...this.#streams.stats(), inner, oneWay };
  }

  #through(events: readonly TlsDataEvent[]): StreamChunk[] {
    return events.flatMap((event) => this.#in(this.#oneWay.on(event)));
  }

  #in(events: readonly TlsDataEvent[]): StreamChunk[] {
    return events.flatMap((event) => this.#streams.on(event));
  }
}
