import {
  processId,
  type FlowStateEvent,
  type FlowUpdateEvent,
  type Origin,
  type ProcessKey,
  type TlsDataEvent,
  type WireHeadEvent,
} from '../event/index.js';
import { HelloBytes } from './hello-bytes.js';
import { isData, wasData } from './moved.js';
import { ReadSessions } from './read-sessions.js';

const WATCHED_MAX = 16_384;
const EXPLAINED_MAX = 16_384;
/** From the ClientHello to the judgement: a tick later it is still within 2 s. */
export const DEADLINE_NS = 1_750_000_000n;
/** What the rings of plaintext still hold comes after the network's. */
export const GRACE_NS = 500_000_000n;

/** A connection as far as it matters here. */
export interface HelloFlow {
  readonly id: string;
  readonly cookie: bigint;
  readonly key: ProcessKey;
  readonly net: { readonly proto: 'tcp' | 'udp' | 'other' };
}

/** A flow with a ClientHello of which nothing was read. */
export interface Opaque<F extends HelloFlow> {
  readonly flow: F;
  /** Of the ClientHello. */
  readonly origin: Origin;
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly judgedNs: bigint;
  /** Bytes were seen to go beyond what a handshake needs; 0: not known, or none. */
  readonly sentBytes: bigint;
  /** Sessions of the same process that were read and whose flow is not known. */
  readonly untied: number;
}

interface Watch<F extends HelloFlow> {
  readonly flow: F;
  readonly origin: Origin;
  readonly helloBytes: number;
  /** Bytes after the ClientHello that are no handshake. */
  sentBytes: bigint;
  moved: boolean;
  closed: boolean;
  /** null: only more evidence decides. */
  dueNs: bigint | null;
}

/** Can the plaintext of this process have been read since then? Asked when a flow is due. */
export type Readable = (key: ProcessKey, sinceNs: bigint) => boolean;

/**
 * Every ClientHello is explained by plaintext that was read of its flow, or said to be opaque, once. A flow whose process
 * has no stack that was read in time is due after the deadline; of one that has, an idle connection shows nothing, so
 * that it is due when bytes went over it that no handshake needs. A connection that ended before such bytes is none.
 */
export class Reconciler<F extends HelloFlow> {
  readonly #readable: Readable;
  readonly #watched = new Map<string, Watch<F>>();
  readonly #byCookie = new Map<bigint, Watch<F>>();
  readonly #explained = new Set<string>();
  readonly #hellos = new HelloBytes();
  readonly #sessions: ReadSessions<F>;
  readonly #stats = { explained: 0, guessed: 0, empty: 0, opaque: 0, evicted: 0 };
  #nowNs = 0n;

  constructor(flowOf: (key: ProcessKey, ssl: bigint) => F | null, readable: Readable) {
    this.#readable = readable;
    this.#sessions = new ReadSessions(flowOf, (flow) => {
      this.#explain(flow);
    });
  }

  /** First bytes of a connection, and what follows them as far as it is told. Before what the flows make of them. */
  wire(event: WireHeadEvent): void {
    if (event.tuple.protocol !== 'tcp') return;
    const watch = this.#byCookie.get(event.cookie);
    const end = event.offset + event.original;
    if (watch === undefined) this.#hellos.add(event.cookie, end);
    else if (isData(event.bytes)) this.#sent(watch, watch.sentBytes + BigInt(event.original));
  }

  /** The kernel counted what left the socket of a TCP connection behind the handshake. */
  update(event: FlowUpdateEvent): void {
    const watch = this.#byCookie.get(event.cookie);
    if (watch !== undefined && event.tuple.protocol === 'tcp') this.#sent(watch, event.bytes);
  }

  closed(event: FlowStateEvent): void {
    this.#hellos.take(event.cookie);
    const watch = this.#byCookie.get(event.cookie);
    if (watch === undefined || event.state !== 'closed') return;
    watch.closed = true;
    const sent = event.bytesSent - BigInt(watch.helloBytes);
    if (sent > watch.sentBytes) watch.sentBytes = sent;
    watch.moved ||= wasData(sent, event.bytesReceived);
    this.#hasten(watch, event.origin.bootNs);
  }

  hello(flow: F, origin: Origin): void {
    this.#advance(origin.bootNs);
    const helloBytes = this.#hellos.take(flow.cookie);
    if (this.#explained.has(flow.id) || this.#watched.has(flow.id)) return;
    const [oldest] = this.#watched.values();
    if (oldest !== undefined && this.#watched.size >= WATCHED_MAX) {
      this.#drop(oldest);
      this.#stats.evicted += 1;
    }
    const dueNs = origin.bootNs + DEADLINE_NS;
    const watch = { flow, origin, helloBytes, sentBytes: 0n, moved: false, closed: false, dueNs };
    this.#watched.set(flow.id, watch);
    this.#byCookie.set(flow.cookie, watch);
  }

  /** Plaintext that is believed. */
  plaintext(event: Pick<TlsDataEvent, 'key' | 'ssl' | 'origin'>): void {
    this.#advance(event.origin.bootNs);
    this.#sessions.read(event);
  }

  /** A session ends; its tie is still known. */
  free(key: ProcessKey, ssl: bigint): void {
    this.#sessions.free(key, ssl, this.#nowNs);
  }

  /** So does every session of a process. */
  exit(key: ProcessKey): void {
    this.#sessions.exit(key, this.#nowNs);
  }

  tick(bootNs: bigint): Opaque<F>[] {
    this.#advance(bootNs);
    this.#sessions.tick(this.#nowNs);
    const due = [...this.#watched.values()].filter(
      ({ dueNs }) => dueNs !== null && this.#nowNs >= dueNs,
    );
    if (due.length === 0) return [];
    this.#sessions.resolveAll();
    return due.flatMap((watch) => this.#judge(watch));
  }

  stats() {
    return { watched: this.#watched.size, ...this.#stats, ...this.#sessions.stats() };
  }

  #advance(bootNs: bigint): void {
    if (bootNs > this.#nowNs) this.#nowNs = bootNs;
  }

  #sent(watch: Watch<F>, bytes: bigint): void {
    if (bytes > watch.sentBytes) watch.sentBytes = bytes;
    if (watch.moved || !wasData(bytes, null)) return;
    watch.moved = true;
    this.#hasten(watch, this.#nowNs);
  }

  /** New evidence for a flow that waits for it. */
  #hasten(watch: Watch<F>, atNs: bigint): void {
    watch.dueNs ??= (atNs > this.#nowNs ? atNs : this.#nowNs) + GRACE_NS;
  }

  #judge(watch: Watch<F>): Opaque<F>[] {
    const { flow, origin, moved, closed, sentBytes } = watch;
    if (!this.#watched.has(flow.id)) return [];
    if (closed && !moved) {
      this.#stats.empty += 1;
      this.#drop(watch);
      return [];
    }
    const isReadable = flow.net.proto === 'tcp' && this.#readable(flow.key, origin.bootNs);
    if (isReadable && !moved) {
      watch.dueNs = null;
      return [];
    }
    if (this.#sessions.guess(flow.key, origin.bootNs)) {
      this.#stats.guessed += 1;
      this.#drop(watch);
      return [];
    }
    this.#drop(watch);
    this.#stats.opaque += 1;
    const untied = this.#sessions.untiedOf(processId(flow.key), origin.bootNs);
    return [{ flow, origin, judgedNs: this.#nowNs, sentBytes, untied }];
  }

  #explain({ id }: HelloFlow): void {
    if (this.#explained.has(id)) return;
    const [oldest] = this.#explained;
    if (oldest !== undefined && this.#explained.size >= EXPLAINED_MAX)
      this.#explained.delete(oldest);
    this.#explained.add(id);
    const watch = this.#watched.get(id);
    if (watch === undefined) return;
    this.#stats.explained += 1;
    this.#drop(watch);
  }

  #drop(watch: Watch<F>): void {
    this.#watched.delete(watch.flow.id);
    if (this.#byCookie.get(watch.flow.cookie) === watch) this.#byCookie.delete(watch.flow.cookie);
  }
}
