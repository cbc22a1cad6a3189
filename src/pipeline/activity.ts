import {
  processId,
  type ExecEvent,
  type ExitEvent,
  type KernelEvent,
  type Origin,
  type ProcessKey,
  type TlsInfo,
} from '../event/index.js';
import type { Agent, AgentRegistry, HandOffLink } from '../agent/index.js';
import type { BypassDetector, BypassStep } from '../bypass/index.js';
import { type Flow, type FlowChange, FlowTable } from '../flow/index.js';
import type { ProcessTable } from '../process/index.js';
import { type StreamEnd, Streams } from '../stream/index.js';
import { StackKeeper, type StackStep } from '../tls/index.js';
import { Actors } from './actors.js';
import { Announcer } from './announcer.js';
import { Appearances } from './appearances.js';
import { Exchanges, type ExchangeStep } from './exchanges.js';
import type { Output } from './output.js';
import {
  type Actor,
  coverageValue,
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
  readonly #rooms: Rooms;
  readonly #actors: Actors;
  readonly #flows = new FlowTable();
  readonly #stacks = new StackKeeper();
  readonly #streams = new Streams();
  readonly #exchanges = new Exchanges((key, ssl) => this.#flows.flowOfSsl(key, ssl));
  /** Changes of flows whose lineage is not known any more. */
  #unattributed = 0;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.agents = new Announcer(rooms);
    this.#actors = new Actors(rooms);
    this.appearances = new Appearances(rooms, this.#actors);
  }

  on(event: KernelEvent, agent: Agent): void {
    switch (event.kind) {
      case 'fork':
        this.#rooms.processes.on(event);
        this.#stack(this.#stacks.forked(event.key, event.child, event.origin));
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
      case 'flow_open':
      case 'flow_state':
      case 'flow_update':
      case 'wire_head':
      case 'tls_send':
        this.#flow(this.#flows.on(event));
        return;
      case 'tls_data':
        this.#flow(this.#flows.on(event));
        this.#stack(this.#stacks.plaintext(event.key, event.origin));
        for (const chunk of this.#streams.on(event)) this.#http(this.#exchanges.chunk(chunk));
        return;
      case 'tls_free':
        this.#ended(this.#streams.free(event.key, event.ssl));
        this.#flow(this.#flows.on(event));
        return;
      case 'unix_open':
      case 'seed':
    }
  }

  /** A process of an agent that ran before it was known as such. */
  adopted(key: ProcessKey, origin: Origin): void {
    this.#stack(this.#stacks.started(key, origin, true));
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
    for (const chunk of this.#streams.drained()) this.#http(this.#exchanges.chunk(chunk));
  }

  fact(fact: Parameters<StackKeeper['fact']>[0]): void {
    this.#stack(this.#stacks.fact(fact));
  }

  tick(bootNs: bigint): void {
    this.appearances.tick(bootNs);
    this.#http(this.#exchanges.tick(bootNs));
    this.#flow(this.#flows.tick(bootNs));
    this.#stack(this.#stacks.tick(bootNs));
    this.judged(this.#rooms.bypass.tick(bootNs));
  }

  judged({ findings, commands }: BypassStep): void {
    this.#rooms.output.value(...findings);
    this.#rooms.output.command(...commands);
  }

  stats() {
    return {
      flows: this.#flows.stats(),
      stacks: this.#stacks.stats(),
      streams: this.#streams.stats(),
      exchanges: this.#exchanges.stats(),
      appearances: this.appearances.stats(),
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
    for (const { ssl } of ends) {
      this.#flow(this.#flows.on({ kind: 'tls_free', key, origin, tid, root, scope, ssl }));
    }
    output.value(execValue(this.#actors.as(agent, key), origin));
    this.appearances.exec(event);
    this.#stack(this.#stacks.execed(key, origin));
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
    this.#flow(this.#flows.exit(key));
    this.#stack(this.#stacks.ended(key, origin));
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
          this.#stack(this.#stacks.flow(flow.key, origin, { named: isNamed, openedNs, pending }));
        }
        break;
      case 'hello':
        this.#stack(this.#stacks.hello(flow.key, origin, isNamed || change.sni !== null));
        output.value(tlsSessionValue(actor, origin, net, this.#tlsOf(flow)));
        break;
      case 'dns':
        output.value(
          dnsValue(actor, origin, { net, question: change.question, type: change.type }),
        );
        break;
      case 'named':
      case 'closed':
    }
    this.judged(bypass.flow(change, actor.agent, actor.process));
  }

  #http({ tied, done }: ExchangeStep): void {
    const { bypass, output } = this.#rooms;
    for (const { flow, asked, http, origin } of tied) {
      if (flow === null || !asked) continue;
      this.judged(bypass.request(flow, http, this.#tlsOf(flow)));
      this.#flow(this.#flows.name(flow, http.host, 'http_host', origin));
    }
    for (const exchange of done) {
      const actor = this.#actors.of(exchange);
      const tls = exchange.flow === null ? null : this.#tlsOf(exchange.flow);
      if (actor === null) this.#unattributed += 1;
      else output.value(httpValue(actor, exchange, tls));
    }
  }

  #ended(ends: readonly StreamEnd[]): void {
    this.#http(this.#exchanges.end(ends));
  }

  #stack({ commands, coverage }: StackStep): void {
    const { output } = this.#rooms;
    output.command(...commands);
    for (const change of coverage) {
      const actor = this.#actors.ofProcess(change.key);
      if (actor !== null) output.value(coverageValue(actor, change));
    }
  }

  #tlsOf({ key, sni, alpn }: Flow): TlsInfo {
    const coverage = this.#stacks.coverageOf(key);
    return {
      ...(coverage === null ? {} : { library: coverage.library, coverage: coverage.state }),
      ...(sni === undefined ? {} : { sni }),
      ...(alpn === undefined ? {} : { alpn }),
    };
  }
}
