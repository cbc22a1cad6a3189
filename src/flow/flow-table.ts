import {
  processId,
  type FlowOpenEvent,
  type FlowStateEvent,
  type FlowUpdateEvent,
  type HostSource,
  type NetInfo,
  type Origin,
  type ProcessKey,
  type TlsDataEvent,
  type TlsFreeEvent,
  type TlsSendEvent,
  type WireHeadEvent,
} from '../event/index.js';
import { errnoName } from './errno-name.js';
import { FlowBook } from './flow-book.js';
import {
  flowSlot,
  learnMore,
  openEntry,
  setResult,
  tcpSlot,
  type FlowEntry,
} from './flow-entry.js';
import type { Flow, FlowChange, FlowStats } from './flow.js';
import { Hearing } from './hearing.js';
import { nameFlow } from './naming.js';
import { SslTies } from './ssl-ties.js';

const UNANSWERED_NS = 5_000_000_000n;
const IDLE_NS = 30_000_000_000n;
/** What the other rings still hold of a connection comes after its close. */
const REMEMBER_CLOSED_NS = 10_000_000_000n;

type SocketEvent = FlowOpenEvent | FlowStateEvent | FlowUpdateEvent | WireHeadEvent;
type FlowEvent = SocketEvent | TlsSendEvent | TlsDataEvent | TlsFreeEvent;

interface Found {
  /** null: the event is about an attempt that is over. */
  readonly entry: FlowEntry | null;
  readonly changes: FlowChange[];
}

/** Flows joined by socket cookie. */
export class FlowTable {
  readonly #book = new FlowBook();
  readonly #hearing = new Hearing();
  readonly #ties = new SslTies();
  readonly #stats = { evictedFlows: 0, unanswered: 0, late: 0 };
  #opened = 0;

  on(event: FlowEvent): FlowChange[] {
    switch (event.kind) {
      case 'flow_open':
        return event.tuple.protocol === 'tcp'
          ? this.#tcpOpen(event)
          : this.#datagram(event).changes;
      case 'flow_state':
        return this.#tcpState(event);
      case 'flow_update':
        return event.tuple.protocol === 'tcp' ? [] : this.#datagram(event).changes;
      case 'wire_head':
        return this.#wireHead(event);
      case 'tls_send':
      case 'tls_data':
        this.#ties.on(event, (cookie) => this.#book.find(tcpSlot(cookie))?.closed ?? false);
        return [];
      case 'tls_free':
        this.#ties.free(processId(event.key), event.ssl);
        return [];
    }
  }

  /** Time passed: connects nobody answered fail, idle UDP flows close, closed flows are forgotten. */
  tick(bootNs: bigint): FlowChange[] {
    const changes: FlowChange[] = [...this.#hearing.tick(bootNs)];
    for (const entry of this.#book.timed) {
      if (entry.closedNs !== null) {
        if (bootNs - entry.closedNs < REMEMBER_CLOSED_NS) continue;
        changes.push(...this.#drop(entry));
      } else if (entry.net.proto !== 'tcp') {
        if (bootNs - entry.lastNs < IDLE_NS) continue;
        changes.push(...this.#drop(entry), ...this.#close(entry, entry.origin));
      } else if (bootNs - entry.openedNs >= UNANSWERED_NS) {
        this.#stats.unanswered += 1;
        changes.push(...this.#giveUp(entry, bootNs));
      }
    }
    return changes;
  }

  /** The socket a TLS session uses, whether its flow is known or not. */
  cookieOfSsl(key: ProcessKey, ssl: bigint): bigint | null {
    return this.#ties.cookieOf(processId(key), ssl);
  }

  flowOfSsl(key: ProcessKey, ssl: bigint): Flow | null {
    const cookie = this.cookieOfSsl(key, ssl);
    return cookie === null ? null : (this.#book.find(tcpSlot(cookie)) ?? null);
  }

  /** A name of a TCP flow learnt elsewhere, such as the Host of a decrypted request. */
  name(flow: Flow, host: string, source: HostSource, origin: Origin): FlowChange[] {
    const entry = this.#book.find(tcpSlot(flow.cookie));
    return entry === flow ? nameFlow(entry, host, source, origin) : [];
  }

  /** A process ended: its datagram sockets say nothing more. TCP says its close itself. */
  exit(key: ProcessKey): FlowChange[] {
    this.#ties.exit(processId(key));
    return this.#book.of(key).flatMap((entry) => {
      if (entry.net.proto === 'tcp') return [];
      return [...this.#drop(entry), ...this.#close(entry, entry.origin)];
    });
  }

  stats(): FlowStats {
    const [hearing, ties] = [this.#hearing.stats(), this.#ties.stats()];
    return { flows: this.#book.size, ...this.#stats, ...hearing, ...ties };
  }

  #tcpOpen(event: FlowOpenEvent): FlowChange[] {
    const current = this.#book.find(flowSlot(event.cookie, event.tuple));
    if (current === undefined) return this.#open(event, true).changes;
    if (event.origin.bootNs <= current.openedNs) {
      if (current.opened) this.#stats.late += 1;
      current.opened = true;
      learnMore(current, event);
      return [];
    }
    // A socket that connects anew has lost what it had before.
    const changes = [
      ...this.#settle(current, current.origin, current.spoke ? 'established' : 'failed'),
      ...this.#close(current, current.origin),
      ...this.#drop(current),
    ];
    return [...changes, ...this.#open(event, true).changes];
  }

  #tcpState(event: FlowStateEvent): FlowChange[] {
    const { entry, changes } = this.#current(event);
    if (entry === null) return changes;
    learnMore(entry, event);
    const hasFailed = event.state === 'closed' && event.failed;
    const error = hasFailed && event.error !== 0 ? errnoName(event.error) : undefined;
    changes.push(...this.#settle(entry, event.origin, hasFailed ? 'failed' : 'established', error));
    if (event.state === 'closed') changes.push(...this.#close(entry, event.origin));
    else this.#book.timed.delete(entry);
    return changes;
  }

  /** The flow a TCP event is about; made from the event when it was faster than the open, or came instead of it. */
  #current(event: FlowStateEvent | WireHeadEvent): Found {
    const current = this.#book.find(flowSlot(event.cookie, event.tuple));
    const { bootNs } = event.origin;
    if (current === undefined) return this.#open(event, false);
    const isEarlier = current.opened && bootNs < current.openedNs;
    const isLater = current.closedNs !== null && bootNs > current.closedNs;
    if (isLater && !isSecondClose(event)) {
      const said = this.#drop(current);
      const { entry, changes } = this.#open(event, false);
      return { entry, changes: [...said, ...changes] };
    }
    if (isEarlier || (current.closed && event.kind === 'flow_state')) {
      this.#stats.late += 1;
      return { entry: null, changes: [] };
    }
    return { entry: current, changes: [] };
  }

  #datagram(event: FlowOpenEvent | FlowUpdateEvent | WireHeadEvent): Found {
    const known = this.#book.find(flowSlot(event.cookie, event.tuple));
    const { entry, changes } =
      known === undefined ? this.#open(event, true) : { entry: known, changes: [] };
    learnMore(entry, event);
    if (event.origin.bootNs > entry.lastNs) entry.lastNs = event.origin.bootNs;
    // connect() of a UDP socket sends nothing: resolvers use it only to learn a source address.
    const sendsNothing =
      event.kind === 'flow_open' && event.via === 'connect' && event.tuple.protocol === 'udp';
    if (!sendsNothing) changes.push(...this.#settle(entry, event.origin, 'open'));
    return { entry, changes };
  }

  #wireHead(event: WireHeadEvent): FlowChange[] {
    const { entry, changes } =
      event.tuple.protocol === 'tcp' ? this.#current(event) : this.#datagram(event);
    if (entry === null) return changes;
    learnMore(entry, event);
    entry.spoke = true;
    return [...changes, ...this.#hearing.on(entry, event)];
  }

  #open(event: SocketEvent, opened: boolean): { entry: FlowEntry; changes: FlowChange[] } {
    const entry = openEntry(event, ++this.#opened, opened);
    const evicted = this.#book.add(entry);
    if (evicted === null) return { entry, changes: [] };
    this.#stats.evictedFlows += 1;
    const isTcp = evicted.net.proto === 'tcp';
    const settled = isTcp ? this.#settle(evicted, evicted.origin, undefined) : [];
    return { entry, changes: [...settled, ...this.#close(evicted, evicted.origin)] };
  }

  #settle(
    entry: FlowEntry,
    origin: Origin,
    result: NetInfo['result'],
    error?: string,
  ): FlowChange[] {
    if (entry.settled) return [];
    const name = this.#hearing.nameFor(entry);
    const named = name === null ? [] : nameFlow(entry, name, 'dns', origin);
    setResult(entry, result, error);
    return [...named, { change: 'settled', flow: entry, origin }];
  }

  /** No state change will come: established if it was seen to speak, else failed. */
  #giveUp(entry: FlowEntry, atNs: bigint): FlowChange[] {
    const { origin, spoke } = entry;
    const settled = this.#settle(entry, origin, spoke ? 'established' : 'failed');
    if (!spoke) return [...settled, ...this.#close(entry, origin, atNs)];
    this.#book.timed.delete(entry);
    return settled;
  }

  /** Forgets it. What it had begun to say is then all it said. */
  #drop(entry: FlowEntry): readonly FlowChange[] {
    this.#book.drop(entry);
    return this.#hearing.end(entry);
  }

  #close(entry: FlowEntry, origin: Origin, atNs = origin.bootNs): FlowChange[] {
    if (entry.closed) return [];
    entry.closed = true;
    entry.closedNs = atNs;
    this.#book.timed.add(entry);
    return entry.settled ? [{ change: 'closed', flow: entry, origin }] : [];
  }
}

const isSecondClose = (event: FlowStateEvent | WireHeadEvent): boolean =>
  event.kind === 'flow_state' && event.state === 'closed';
