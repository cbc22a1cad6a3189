import {
  processId,
  type AgentNote,
  type ExecEvent,
  type KernelEvent,
  type ProcessFact,
  type ProcessId,
  type ProcessKey,
} from '../event/index.js';
import {
  type Agent,
  type AgentRegistry,
  type Decision,
  noteOf,
  type RegistryStep,
} from '../agent/index.js';
import { Lineage, type ProcessTable } from '../process/index.js';
import type { Activity } from './activity.js';
import type { Gaps } from './gaps.js';
import { HeldEvents } from './held-events.js';
import type { Output } from './output.js';

const RECHECKS_MAX = 4096;

export interface RootRooms {
  readonly processes: ProcessTable;
  readonly registry: AgentRegistry;
  readonly activity: Activity;
  readonly gaps: Gaps;
  readonly output: Output;
}

/**
 * Every event belongs to a root. Those of agents go to the activity, those of roots without a verdict are held until
 * there is one, all others are dropped unread.
 */
export class Roots {
  readonly #rooms: RootRooms;
  readonly #held = new HeldEvents();
  readonly #lineages = new Map<ProcessId, Lineage>();
  /** Members the host found gone. Believed after the next full drain, which holds whatever they did before. */
  readonly #gone = new Map<ProcessId, ProcessKey>();
  #nowNs = 0n;
  #foreignEvents = 0;
  /** Of lineages that have ended. */
  #untracked = 0;

  constructor(rooms: RootRooms) {
    this.#rooms = rooms;
  }

  advance(bootNs: bigint): void {
    if (bootNs > this.#nowNs) this.#nowNs = bootNs;
  }

  /** Agents of a daemon that was killed: the kernel has their verdicts, and the journal who they are. */
  resume(notes: readonly AgentNote[]): void {
    for (const agent of this.#rooms.registry.resume(notes)) {
      this.#lineages.set(processId(agent.root), new Lineage(agent.root));
      this.#introduce(agent);
      this.#rooms.activity.agents.said(agent.root);
      this.#rooms.activity.adopted(agent.root, { ...agent.origin, bootNs: this.#nowNs });
      // It may have ended meanwhile, seen by nobody who is left.
      this.#lookUp(agent.root);
    }
  }

  on(event: KernelEvent): void {
    const root = event.root ?? (event.kind === 'exec' && event.asksVerdict ? event.key : null);
    if (root === null) {
      this.#foreignEvents += 1;
      return;
    }
    const agent = this.#rooms.registry.agentOf(root);
    if (agent === null) this.#withoutAgent(event, root);
    else this.#ofAgent(event, agent);
  }

  apply({ decisions, commands }: RegistryStep): void {
    for (const decision of decisions) this.#settle(decision);
    this.#rooms.output.command(...commands);
  }

  /** A process was looked up. */
  looked(fact: ProcessFact): void {
    const { processes, registry } = this.#rooms;
    if (registry.stateOf(fact.key) === 'pending') processes.introduce(fact.key);
    processes.learn(fact);
    if (fact.gone && this.#lineageOf(fact.key)?.has(fact.key) === true) {
      this.#gone.set(processId(fact.key), fact.key);
    }
    this.apply(registry.fact(fact));
  }

  /** Every ring was empty: an end that has not come by now was lost. */
  drained(): void {
    for (const key of this.#gone.values()) this.#vanished(key);
    this.#gone.clear();
  }

  /** Lifecycle records were lost, ends perhaps among them: who still lives? */
  recheck(): void {
    const members = [...this.#lineages.values()].flatMap((lineage) => lineage.members());
    for (const key of members.slice(0, RECHECKS_MAX)) this.#lookUp(key);
  }

  liveOf(root: ProcessKey): number {
    return this.#lineages.get(processId(root))?.size ?? 0;
  }

  stats() {
    const living = [...this.#lineages.values()].reduce((sum, { overflow }) => sum + overflow, 0);
    return {
      held: this.#held.stats(),
      foreignEvents: this.#foreignEvents,
      untrackedMembers: this.#untracked + living,
    };
  }

  #withoutAgent(event: KernelEvent, root: ProcessKey): void {
    const { registry } = this.#rooms;
    const state = registry.stateOf(root);
    if (event.kind === 'exec' && isAsking(event, root, state === 'pending')) {
      this.#held.hold(root, event);
      this.apply(registry.ask(event));
    } else if (state === 'pending') {
      this.#held.hold(root, event);
    } else if (state === 'unknown' && (event.scope === 'pending' || event.scope === 'agent')) {
      this.#held.hold(root, event);
      this.apply(registry.askUnseen(root, event.origin));
    } else {
      this.#foreignEvents += 1;
    }
  }

  #ofAgent(event: KernelEvent, agent: Agent): void {
    this.#rooms.activity.on(event, agent);
    const lineage = this.#lineages.get(processId(agent.root));
    if (lineage === undefined) return;
    lineage.on(event);
    if (lineage.size === 0) this.#close(lineage);
  }

  #settle(decision: Decision): void {
    switch (decision.verdict) {
      case 'agent':
        this.#watch(decision.agent);
        return;
      case 'stranger':
        this.#drop(decision.root);
        return;
      case 'member':
        this.#adopt(decision);
        return;
      case 'foreign':
        this.#rooms.processes.forget(decision.key);
    }
  }

  #watch(agent: Agent): void {
    const { activity, output } = this.#rooms;
    const { root, origin, bootstrap } = agent;
    output.command({ do: 'verdict', root, verdict: 'agent' });
    if (bootstrap) output.command({ do: 'adopt', key: root, root });
    else this.#lookUp(root);
    this.#lineages.set(processId(root), new Lineage(root));
    const { events, dropped } = this.#held.take(root);
    if (!events.some((event) => event.kind === 'exec')) {
      this.#introduce(agent);
      activity.agents.announce(agent);
      activity.adopted(root, origin);
    }
    output.command({ do: 'remember', ...noteOf(agent) });
    if (dropped > 0) this.#lostWhileHeld(agent, dropped);
    for (const event of events) this.#ofAgent(event, agent);
  }

  #introduce({ root }: Agent): void {
    const { processes } = this.#rooms;
    processes.introduce(root);
    processes.adopt(root, root, null);
  }

  #drop(root: ProcessKey): void {
    const { processes, output } = this.#rooms;
    const lineage = new Lineage(root);
    const { events, dropped } = this.#held.take(root);
    for (const event of events) lineage.on(event);
    this.#foreignEvents += events.length + dropped;
    this.#lineages.delete(processId(root));
    processes.forget(root);
    output.command({ do: 'verdict', root, verdict: 'stranger' });
    output.command({ do: 'release', root, members: lineage.members() });
  }

  #adopt({ key, root, parent }: Decision & { verdict: 'member' }): void {
    const { processes, activity, output, registry } = this.#rooms;
    output.command({ do: 'adopt', key, root });
    this.#lineages.get(processId(root))?.adopt(key);
    const parentRoot = processes.rootOf(parent);
    const isInside = parentRoot !== null && processId(parentRoot) === processId(root);
    processes.adopt(key, root, isInside ? parent : root);
    const agent = registry.agentOf(root);
    if (agent !== null) activity.adopted(key, agent.origin);
  }

  #close({ root, overflow }: Lineage): void {
    const { registry, activity, output } = this.#rooms;
    this.#lineages.delete(processId(root));
    this.#untracked += overflow;
    registry.ended(root, this.#nowNs);
    activity.agents.ended(root);
    output.command({ do: 'release', root, members: [] });
  }

  #vanished(key: ProcessKey): void {
    const lineage = this.#lineageOf(key);
    const agent = lineage === undefined ? null : this.#rooms.registry.agentOf(lineage.root);
    if (lineage?.has(key) !== true || agent === null) return;
    this.#rooms.activity.vanished(key, { ...agent.origin, bootNs: this.#nowNs });
    lineage.gone(key);
    if (lineage.size === 0) this.#close(lineage);
  }

  #lineageOf(key: ProcessKey): Lineage | undefined {
    const root = this.#rooms.processes.rootOf(key);
    return root === null ? undefined : this.#lineages.get(processId(root));
  }

  /** Completes what the kernel does not say, such as the container. */
  #lookUp(key: ProcessKey): void {
    this.#rooms.output.command({ do: 'look_up_process', key, env: [] });
  }

  #lostWhileHeld(agent: Agent, dropped: number): void {
    const { ring, cpu } = agent.origin;
    const loss = { ring, cpu, cause: 'table_full', count: BigInt(dropped) } as const;
    this.#rooms.gaps.tell(loss, 'hold', this.#nowNs, agent.info);
  }
}

const isAsking = (event: ExecEvent, root: ProcessKey, pending: boolean): boolean =>
  processId(event.key) === processId(root) && (event.asksVerdict || pending);
