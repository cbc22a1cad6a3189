import type {
  CoverageInfo,
  ExecEvent,
  FlowStateEvent,
  FlowUpdateEvent,
  Origin,
  ProcessKey,
  TlsDataEvent,
  TlsInfo,
  WireHeadEvent,
} from '../event/index.js';
import { judgeReduced, judgeTamper } from '../bypass/index.js';
import { type Flow, tlsOfFlow } from '../flow/index.js';
import {
  type CoverageRow,
  type GuardedStep,
  type GuardFact,
  type FlowShown,
  type Opaque,
  Reconciler,
  StackKeeper,
  type StackStep,
} from '../tls/index.js';
import type { Rooms } from './activity.js';
import type { Actors } from './actors.js';
import type { Exchange } from './exchanges.js';
import { coverageValue } from './values.js';

/** What of the TLS of agents is read: stacks and their probes, and every ClientHello explained or said. */
export class Reading {
  readonly #rooms: Rooms;
  readonly #actors: Actors;
  readonly #flowOf: (key: ProcessKey, ssl: bigint) => Flow | null;
  readonly #stacks: StackKeeper;
  readonly #reconciler: Reconciler<Flow>;
  #nowNs = 0n;

  constructor(rooms: Rooms, actors: Actors, flowOf: (key: ProcessKey, ssl: bigint) => Flow | null) {
    this.#rooms = rooms;
    this.#actors = actors;
    this.#flowOf = flowOf;
    const stacks = new StackKeeper((key) => rooms.processes.rootOf(key));
    this.#stacks = stacks;
    this.#reconciler = new Reconciler(flowOf, (key, sinceNs) => stacks.isReadable(key, sinceNs));
  }

  started(key: ProcessKey, origin: Origin): void {
    this.#step(this.#stacks.started(key, origin));
  }

  forked(parent: ProcessKey, child: ProcessKey, origin: Origin): void {
    this.#step(this.#stacks.forked(parent, child, origin));
  }

  execed({ key, origin, file }: ExecEvent): void {
    this.#step(this.#stacks.execed(key, origin, file));
  }

  ended(key: ProcessKey, origin: Origin): void {
    this.#step(this.#stacks.ended(key, origin));
  }

  settled(flow: Flow, origin: Origin, shown: FlowShown): void {
    this.#step(this.#stacks.flow(flow.key, origin, shown));
  }

  hello(flow: Flow, origin: Origin, named: boolean): void {
    this.#reconciler.hello(flow, origin);
    this.#step(this.#stacks.hello(flow.key, origin, named));
  }

  /** Before the flows make something of it. */
  wire(event: WireHeadEvent | FlowUpdateEvent | FlowStateEvent): void {
    switch (event.kind) {
      case 'wire_head':
        this.#reconciler.wire(event);
        return;
      case 'flow_update':
        this.#reconciler.update(event);
        return;
      case 'flow_state':
        this.#reconciler.closed(event);
    }
  }

  /** After its flow may have become known. */
  plaintext(event: TlsDataEvent): void {
    const step = this.#stacks.plaintext(
      event,
      () => this.#flowOf(event.key, event.ssl)?.openedNs ?? null,
    );
    if (step.believed) this.#reconciler.plaintext(event);
    this.#step(step);
  }

  /** While its flow is still known. */
  free(key: ProcessKey, ssl: bigint): void {
    this.#reconciler.free(key, ssl);
    this.#stacks.free(key, ssl);
  }

  /** All sessions of a process end, while their flows are still known. */
  left(key: ProcessKey): void {
    this.#reconciler.exit(key);
  }

  fact(fact: Parameters<StackKeeper['fact']>[0]): void {
    this.#step(this.#stacks.fact(fact));
  }

  /** What was seen of our own probes and of the files they are in. */
  guarded(fact: GuardFact): void {
    this.#guard(this.#stacks.guarded.fact(fact));
  }

  tick(bootNs: bigint): void {
    this.#nowNs = bootNs;
    this.#step(this.#stacks.tick(bootNs));
    this.#guard(this.#stacks.guarded.tick(bootNs));
    for (const opaque of this.#reconciler.tick(bootNs)) this.#opaque(opaque);
  }

  tlsOf(flow: Flow): TlsInfo {
    return { ...this.#stacks.shown(flow.key, null), ...tlsOfFlow(flow) };
  }

  /** The stack is the one that it was read through. null: its flow is not known. */
  tlsOfExchange({ flow, attachment }: Pick<Exchange, 'flow' | 'attachment'>): TlsInfo | null {
    if (flow === null) return null;
    return { ...this.#stacks.shown(flow.key, attachment), ...tlsOfFlow(flow) };
  }

  rows(): readonly CoverageRow[] {
    return this.#stacks.rows();
  }

  stats() {
    const guarded = this.#stacks.guarded.stats();
    return { stacks: this.#stacks.stats(), guarded, reconciled: this.#reconciler.stats() };
  }

  #opaque({ flow, ...rest }: Opaque<Flow>): void {
    const { bypass, output } = this.#rooms;
    const actor = this.#actors.of(flow);
    // It may hold a stack that was not seen yet.
    this.#step(this.#stacks.unexplained(flow.key));
    if (actor === null) return;
    const coverage: CoverageInfo | null = this.#stacks.coverageOf(flow.key);
    const tls = this.tlsOf(flow);
    output.value(...bypass.readings.opaque({ ...actor, ...rest, flow, coverage, tls }));
  }

  #guard({ tampered, reduced, ...step }: GuardedStep): void {
    this.#step(step);
    const { output } = this.#rooms;
    // A look has no kernel event of its own; the parts of these findings tell them apart.
    const origin: Origin = { ring: 'lifecycle', cpu: 0, seq: 0n, bootNs: this.#nowNs };
    for (const { key, ...rest } of tampered) {
      const actor = this.#actors.ofProcess(key);
      if (actor !== null) output.value(judgeTamper({ ...actor, ...rest, origin }));
    }
    for (const { stack, users, ...rest } of reduced) {
      const told = new Set<string>();
      for (const actor of users.map((key) => this.#actors.ofProcess(key))) {
        if (actor === null || told.has(actor.agent.info.session)) continue;
        told.add(actor.agent.info.session);
        const { path, library } = stack;
        output.value(judgeReduced({ ...actor, ...rest, path, library, origin }));
      }
    }
  }

  #step({ commands, coverage, exhausted }: StackStep): void {
    const { bypass, output } = this.#rooms;
    output.command(...commands);
    for (const change of coverage) {
      const actor = this.#actors.ofProcess(change.key);
      if (actor !== null) output.value(coverageValue(actor, change));
    }
    const actor = exhausted === undefined ? null : this.#actors.ofProcess(exhausted.key);
    if (exhausted !== undefined && actor !== null) {
      output.value(...bypass.readings.exhausted({ ...actor, ...exhausted }));
    }
  }
}
