import {
  processId,
  type ExecEvent,
  type ExitEvent,
  type KernelEvent,
  type Origin,
  type ProcessKey,
} from '../event/index.js';
import type { Agent, AgentRegistry, HandOffLink } from '../agent/index.js';
import type { BypassDetector, BypassStep } from '../bypass/index.js';
import { type FlowChange, FlowTable } from '../flow/index.js';
import type { ProcessTable } from '../process/index.js';
import { Plaintext, type StreamChunk, type StreamEnd } from '../stream/index.js';
import { Actors } from './actors.js';
import { Announcer } from './announcer.js';
import { Appearances } from './appearances.js';
import { Exchanges, type ExchangeStep } from './exchanges.js';
import type { Output } from './output.js';
import { PassedSockets } from './passed-sockets.js';
import { Reading } from './reading.js';
import {
  type Actor,
  dnsValue,
  execValue,
  exitValue,
  flowValue,
  httpValue,
  tlsSessionValue,
} from './values.js';

export interface Rooms {
  readonly processes: ProcessTable;
  readonly registry: AgentRegistry;
  readonly bypass: BypassDetector;
  readonly output: Output;
}

/** What agents do, through process, flow, tls, stream, http and bypass. Sees no event of anybody else. */
export class Activity {
  readonly agents: Announcer;
  readonly appearances: Appearances;
  readonly passed: PassedSockets;
  readonly reading: Reading;
  readonly #rooms: Rooms;
  readonly #actors: Actors;
  readonly #flows = new FlowTable();
  readonly #streams = new Plaintext((key, ssl) => this.#flows.cookieOfSsl(key, ssl));
  readonly #exchanges = new Exchanges((key, ssl) => this.#flows.flowOfSsl(key, ssl));
  /** Changes of flows whose lineage is not known any more. */
  #unattributed = 0;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.agents = new Announcer(rooms);
    this.#actors = new Actors(rooms);
    this.appearances = new Appearances(rooms, this.#actors);
    this.passed = new PassedSockets(rooms, this.#actors);
    this.reading = new Reading(rooms, this.#actors, (key, ssl) => this.#flows.flowOfSsl(key, ssl));
  }

  on(event: KernelEvent, agent: Agent): void {
    switch (event.kind) {
      case 'fork':
        this.#rooms.processes.on(event);
        this.reading.forked(event.key, event.child, event.origin);
        return;
      case 'exec':
        this.#exec(event, agent);
        return;
      case 'exit':
        this.#exit(event, agent);
        return;
      case 'rename':
        this.appearances.rename(event);
        return;
      case 'flow_state':
      case 'flow_update':
      case 'wire_head':
        this.reading.wire(event);
        this.#flow(this.#flows.on(event));
        return;
      case 'flow_open':
      case 'tls_send':
        this.#flow(this.#flows.on(event));
        if (event.kind === 'tls_send') this.#chunks(this.#streams.tied(event.key, event.ssl));
        return;
      case 'tls_data':
        this.#flow(this.#flows.on(event));
        this.reading.plaintext(event);
        this.#chunks(this.#streams.on(event));
        return;
      case 'tls_free':
        this.#ended(this.#streams.free(event.key, event.ssl));
        this.reading.free(event.key, event.ssl);
        this.#flow(this.#flows.on(event));
        return;
      case 'fd_relay':
        this.passed.on(event);
        return;
      case 'unix_open':
      case 'seed':
    }
  }

  /** A process of an agent that ran before it was known as such. */
  adopted(key: ProcessKey, origin: Origin): void {
    this.reading.started(key, origin);
    this.passed.asked(key);
    this.#rooms.output.command({ do: 'look_up_sockets', key });
  }

  /** What an agent had somebody else run. */
  handedOff(link: HandOffLink, { key, origin }: Pick<ExecEvent, 'key' | 'origin'>): void {
    const { processes, bypass, output } = this.#rooms;
    output.value(...bypass.handOff(link, processes.describe(key), origin));
  }

  /** Its end was lost. */
  vanished(key: ProcessKey, origin: Origin): void {
    this.#release(key, origin);
  }

  /** Every ring was empty. */
  drained(): void {
    this.#chunks(this.#streams.drained());
  }

  tick(bootNs: bigint): void {
    this.appearances.tick(bootNs);
    this.passed.tick(bootNs);
    this.#chunks(this.#streams.tick(bootNs));
    this.#http(this.#exchanges.tick(bootNs));
    this.#flow(this.#flows.tick(bootNs));
    this.reading.tick(bootNs);
    this.judged(this.#rooms.bypass.tick(bootNs));
  }

  judged({ findings, commands }: BypassStep): void {
    this.#rooms.output.value(...findings);
    this.#rooms.output.command(...commands);
  }

  stats() {
    return {
      flows: this.#flows.stats(),
      ...this.reading.stats(),
      streams: this.#streams.stats(),
      exchanges: this.#exchanges.stats(),
      appearances: this.appearances.stats(),
      passed: this.passed.stats(),
      unattributed: this.#unattributed,
    };
  }

  #exec(event: ExecEvent, agent: Agent): void {
    const { processes, output } = this.#rooms;
    const { key, origin, tid, root, scope } = event;
    processes.on(event);
    if (processId(key) === processId(agent.root)) this.agents.announce(agent);
    // The old image's sessions are gone with its memory, and their addresses can come again.
    const ends = this.#streams.exit(key);
    this.#ended(ends);
    this.reading.left(key);
    for (const { ssl } of ends) {
      this.reading.free(key, ssl);
      this.#flow(this.#flows.on({ kind: 'tls_free', key, origin, tid, root, scope, ssl }));
    }
    output.value(execValue(this.#actors.as(agent, key), origin));
    this.appearances.exec(event);
    this.reading.execed(event);
  }

  #exit(event: ExitEvent, agent: Agent): void {
    const { processes, output } = this.#rooms;
    processes.on(event);
    this.#release(event.key, event.origin);
    output.value(exitValue(this.#actors.as(agent, event.key), event.origin, event.waitStatus));
  }

  #release(key: ProcessKey, origin: Origin): void {
    this.appearances.exit(key);
    this.#ended(this.#streams.exit(key));
    this.reading.left(key);
    this.#flow(this.#flows.exit(key));
    this.reading.ended(key, origin);
  }

  #flow(changes: readonly FlowChange[]): void {
    for (const change of changes) {
      const actor = this.#actors.of(change.flow);
      if (actor === null) this.#unattributed += 1;
      else this.#flowChange(change, actor);
    }
  }

  #flowChange(change: FlowChange, actor: Actor): void {
    const { flow, origin } = change;
    const { output, bypass } = this.#rooms;
    const { net } = flow;
    const isNamed = net.hostSource !== undefined && net.hostSource !== 'address';
    switch (change.change) {
      case 'settled':
        output.value(flowValue(actor, origin, net));
        this.appearances.flow(flow.key, origin);
        if (net.proto === 'tcp') {
          const { openedNs, pending } = flow;
          this.reading.settled(flow, origin, { named: isNamed, openedNs, pending });
        }
        break;
      case 'hello':
        this.reading.hello(flow, origin, isNamed || change.sni !== null);
        output.value(tlsSessionValue(actor, change, this.reading.tlsOf(flow)));
        break;
      case 'dns':
        output.value(dnsValue(actor, change));
        break;
      case 'named':
      case 'closed':
    }
    this.judged(bypass.flow(change, actor.agent, actor.process));
  }

  #http({ tied, done }: ExchangeStep): void {
    const { bypass, output } = this.#rooms;
    for (const exchange of tied) {
      const { flow, asked, http, origin } = exchange;
      const tls = this.reading.tlsOfExchange(exchange);
      if (flow === null || tls === null || !asked) continue;
      this.judged(bypass.request(flow, http, tls));
      const asker = this.#actors.of(flow);
      if (asker !== null) {
        output.value(...bypass.readings.request({ ...asker, flow, http, origin, tls }));
      }
      this.#flow(this.#flows.name(flow, http.host, 'http_host', origin));
    }
    for (const exchange of done) {
      const actor = this.#actors.of(exchange);
      if (actor === null) this.#unattributed += 1;
      else output.value(httpValue(actor, exchange, this.reading.tlsOfExchange(exchange)));
    }
  }

  #chunks(chunks: readonly StreamChunk[]): void {
    for (const chunk of chunks) this.#http(this.#exchanges.chunk(chunk));
  }

  #ended(ends: readonly StreamEnd[]): void {
    this.#http(this.#exchanges.end(ends));
  }
}
