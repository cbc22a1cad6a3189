import { FlowTable } from '../../src/flow/index.js';
import {
  processId,
  type KernelEvent,
  type TlsDataEvent,
  type TlsSendEvent,
} from '../../src/event/index.js';
import { Endings } from '../../src/pipeline/endings.js';
import { Streams, type StreamChunk } from '../../src/stream/index.js';

/** One direction of one TLS session, as it was captured. */
export interface Captured {
  readonly pid: number;
  readonly direction: 'write' | 'read';
  /** Local port of the flow it is tied to; null: of none. */
  port: number | null;
  readonly pieces: { readonly position: number; readonly bytes: Uint8Array }[];
  /** Bytes that are known to be missing. */
  missing: number;
}

/** Every session of a recording, each tied to its flow by what the daemon ties it by. */
export function capturedOf(events: readonly KernelEvent[]): Captured[] {
  const book = new Book();
  // Out of another ring, the end of a process can stand before the last of its plaintext.
  for (const event of new Endings().order(events, false)) book.on(event);
  return book.all;
}

type OfFlow = Extract<
  KernelEvent,
  { readonly kind: 'flow_open' | 'flow_state' | 'flow_update' | 'wire_head' }
>;

const FLOW_KINDS: readonly string[] = ['flow_open', 'flow_state', 'flow_update', 'wire_head'];

const isOfFlow = (event: KernelEvent): event is OfFlow => FLOW_KINDS.includes(event.kind);

class Book {
  readonly all: Captured[] = [];
  readonly #flows = new FlowTable();
  readonly #streams = new Streams();
  readonly #open = new Map<string, Captured>();
  /** The last session of an address: the send that ties it comes out of another ring than its plaintext. */
  readonly #last = new Map<string, Captured[]>();

  on(event: KernelEvent): void {
    if (event.kind === 'exec' || event.kind === 'exit') {
      this.#end(event.key, this.#streams.exit(event.key));
    } else if (event.kind === 'tls_free') {
      this.#end(event.key, this.#streams.free(event.key, event.ssl));
      this.#flows.on(event);
    } else if (event.kind === 'tls_data') {
      this.#flows.on(event);
      for (const chunk of this.#streams.on(event)) this.#take(event, chunk);
      this.#tie(event);
    } else if (event.kind === 'tls_send') {
      this.#flows.on(event);
      this.#tie(event);
    } else if (isOfFlow(event)) {
      this.#flows.on(event);
    }
  }

  #end(key: TlsDataEvent['key'], ends: ReturnType<Streams['free']>): void {
    for (const { ssl, direction, rest } of ends) {
      for (const chunk of rest) this.#take({ key, ssl }, chunk);
      this.#open.delete(`${processId(key)}/${ssl}/${direction}`);
    }
  }

  #take({ key, ssl }: Pick<TlsDataEvent, 'key' | 'ssl'>, chunk: StreamChunk): void {
    const session = `${processId(key)}/${ssl}`;
    const id = `${session}/${chunk.direction}`;
    let captured = this.#open.get(id);
    if (captured === undefined) {
      captured = { pid: key.tgid, direction: chunk.direction, port: null, pieces: [], missing: 0 };
      this.#open.set(id, captured);
      this.all.push(captured);
      const others = (this.#last.get(session) ?? []).filter(
        (one) => one.direction !== chunk.direction,
      );
      this.#last.set(session, [...others, captured]);
    }
    if ('bytes' in chunk) {
      captured.pieces.push({ position: chunk.position, bytes: chunk.bytes.slice() });
    } else captured.missing += chunk.missing;
  }

  #tie({ key, ssl }: TlsDataEvent | TlsSendEvent): void {
    const port = this.#flows.flowOfSsl(key, ssl)?.net.srcPort;
    if (port === undefined) return;
    for (const captured of this.#last.get(`${processId(key)}/${ssl}`) ?? []) captured.port = port;
  }
}

/** The bytes of one direction of the connection from `port`, null when some are missing. */
export function bytesOf(
  all: readonly Captured[],
  port: number,
  direction: Captured['direction'],
): Buffer | null {
  const mine = all.filter((one) => one.port === port && one.direction === direction);
  if (mine.some(({ missing }) => missing > 0)) return null;
  const parts: Uint8Array[] = [];
  for (const { pieces } of mine) {
    let at = 0;
    for (const { position, bytes } of [...pieces].sort((a, b) => a.position - b.position)) {
      if (position !== at) return null;
      at += bytes.length;
      parts.push(bytes);
    }
  }
  return Buffer.concat(parts);
}
