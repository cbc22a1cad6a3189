import {
  processId,
  type ChildrenFact,
  type AgentNote,
  type ExecEvent,
  type KernelEvent,
  type NamedFact,
  type ProcessFact,
  type ProcessKey,
  type UnixOpenEvent,
  type UnixPeerFact,
} from '../event/index.js';
import type { Agent, RegistryStep } from '../agent/index.js';
import { BriefLives } from './brief-lives.js';
import { Enquiries } from './enquiries.js';
import { Lineages } from './lineages.js';
import { Outsiders } from './outsiders.js';
import { Relays } from './relays.js';
import { Settling, type SettlingRooms } from './settling.js';
import { Watched } from './watched.js';

export type RootRooms = Omit<SettlingRooms, 'lineages' | 'watched'> & {
  readonly modelHosts: readonly string[];
};

/**
 * Every event belongs to a root. Those of agents go to the activity, those of roots without a verdict are held until
 * there is one, those of watched interpreters are kept for a while, all others are dropped unread.
 */
export class Roots {
  readonly #rooms: SettlingRooms;
  readonly #settling: Settling;
  readonly #relays: Relays;
  readonly #outsiders: Outsiders;
  readonly #brief = new BriefLives();
  readonly enquiries: Enquiries;
  #nowNs = 0n;

  constructor({ modelHosts, ...rooms }: RootRooms) {
    const lineages = new Lineages(rooms.processes);
    const apply = (step: RegistryStep): void => {
      this.apply(step);
    };
    this.#rooms = { ...rooms, lineages, watched: new Watched(modelHosts) };
    this.#relays = new Relays(rooms.output);
    this.#settling = new Settling(this.#rooms, (event, agent) => {
      this.#ofAgent(event, agent);
    });
    this.#outsiders = new Outsiders({
      rooms: this.#rooms,
      settling: this.#settling,
      relays: this.#relays,
      apply,
    });
    this.enquiries = new Enquiries({ ...rooms, lineages, apply });
  }

  advance(bootNs: bigint): void {
    if (bootNs > this.#nowNs) this.#nowNs = bootNs;
    this.#settling.advance(this.#nowNs);
  }

  /** Agents of a daemon that was killed: the kernel has their verdicts, and the journal who they are. */
  resume(notes: readonly AgentNote[]): void {
    const { registry, lineages, activity } = this.#rooms;
    for (const agent of registry.resume(notes)) {
      lineages.begin(agent.root);
      this.#settling.introduce(agent);
      activity.agents.said(agent.root);
      activity.adopted(agent.root, { ...agent.origin, bootNs: this.#nowNs });
      // It may have ended meanwhile, seen by nobody who is left.
      this.#settling.lookUp(agent.root);
    }
  }

  /** Sessions a daemon before this one called unregistered. */
  told(sessions: readonly string[]): void {
    this.#rooms.activity.agents.told(sessions);
  }

  on(event: KernelEvent): void {
    if (event.scope === 'relay') {
      // What a relay itself does is nobody's business.
      if (event.kind !== 'fork' || !this.#relays.forked(event)) this.#settling.foreign();
      return;
    }
    if (event.kind === 'exec' && event.asksVerdict) this.#outsiders.unwatch(event.key);
    const root = this.#rootOf(event);
    if (root === null) {
      this.#settling.foreign();
      return;
    }
    const agent = this.#rooms.registry.agentOf(root);
    if (agent !== null) this.#ofAgent(event, agent);
    else this.#outsiders.on(event, root);
  }

  /** The last event of a batch was taken. */
  batched(): void {
    const { activity, output } = this.#rooms;
    for (const fact of this.#brief.answers(output)) activity.reading.fact(fact);
  }

  apply({ decisions, commands }: RegistryStep): void {
    for (const decision of decisions) this.#settling.settle(decision);
    this.#rooms.output.command(...commands);
  }

  /** A process was looked up. */
  looked(fact: ProcessFact): void {
    const { processes, registry, lineages } = this.#rooms;
    if (registry.stateOf(fact.key) === 'pending') processes.introduce(fact.key);
    processes.learn(fact);
    this.enquiries.looked(fact);
    if (fact.gone) lineages.foundGone(fact.key);
    this.#outsiders.looked(fact);
    this.apply(registry.fact(fact));
  }

  relay(fact: UnixPeerFact | NamedFact): void {
    const { lineages } = this.#rooms;
    for (const { key } of fact.fact === 'named' ? fact.processes : fact.peers) {
      this.#outsiders.unwatch(key);
    }
    this.#relays.fact(fact, (key) => lineages.isMember(key));
  }

  /** What a relay had forked before it was watched. */
  children(fact: ChildrenFact): void {
    this.#outsiders.children(fact);
  }

  tick(bootNs: bigint): void {
    this.#outsiders.tick(bootNs);
  }

  /** Every ring was empty: an end that has not come by now was lost. */
  drained(): void {
    for (const key of this.#rooms.lineages.takeGone()) this.#vanished(key);
  }

  /** Lifecycle records were lost, ends perhaps among them: who still lives? */
  recheck(): void {
    for (const key of this.#rooms.lineages.suspects()) this.#settling.lookUp(key);
  }

  membersOf(root: ProcessKey): readonly ProcessKey[] {
    return this.#rooms.lineages.of(root)?.members() ?? [];
  }

  stats() {
    return {
      held: this.#settling.held.stats(),
      /** Events of roots that are no agents, dropped unread. */
      foreignEvents: this.#settling.foreignEvents,
      watched: this.#rooms.watched.stats(),
      relays: this.#relays.stats(),
      ...this.#rooms.lineages.stats(),
    };
  }

  /** An agent inside another one's lineage is known here before the kernel knows it. */
  #rootOf(event: KernelEvent): ProcessKey | null {
    const { processes, registry } = this.#rooms;
    const known = processes.rootOf(event.key);
    const nested = known === null ? undefined : registry.agentOf(known)?.info.under;
    if (nested !== undefined) return known;
    return event.root ?? (event.kind === 'exec' && event.asksVerdict ? event.key : null);
  }

  #ofAgent(event: KernelEvent, agent: Agent): void {
    const { activity, lineages } = this.#rooms;
    let owner = agent;
    if (event.kind === 'exec') {
      if (!isSame(event.key, agent.root)) owner = this.#nested(event, agent);
      this.#relays.exec(event, owner);
    } else if (event.kind === 'unix_open') {
      this.#relays.unixOpen(this.#absolute(event), owner);
    }
    activity.on(event, owner);
    if (event.kind === 'exit') this.#brief.ended(event.key);
    if (lineages.on(event, owner.root)) this.#close(owner.root);
  }

  /** A path of a socket is relative as any other; who asked may be gone when the listener is looked for. */
  #absolute(event: UnixOpenEvent): UnixOpenEvent {
    const { path, key } = event;
    const cwd = this.#rooms.processes.info(key)?.cwd ?? '';
    const isRelative = path !== '' && !path.startsWith('/') && !path.startsWith('@');
    return isRelative && cwd !== '' ? { ...event, path: `${cwd}/${path}` } : event;
  }

  /** Whose exec it is: the agent's, or that of another agent which begins here. */
  #nested(event: ExecEvent, agent: Agent): Agent {
    const { registry, processes } = this.#rooms;
    const step = registry.nested(event, agent, processes.ledTo(event.key));
    if (step === null) return agent;
    this.apply(step);
    return registry.agentOf(event.key) ?? agent;
  }

  #close(root: ProcessKey): void {
    this.#relays.ended(root);
    this.#settling.close(root);
  }

  #vanished(key: ProcessKey): void {
    const { lineages, registry, activity } = this.#rooms;
    const lineage = lineages.around(key);
    const agent = lineage === undefined ? null : registry.agentOf(lineage.root);
    if (lineage === undefined || agent === null) return;
    activity.vanished(key, { ...agent.origin, bootNs: this.#nowNs });
    lineage.gone(key);
    if (lineage.size === 0) this.#close(lineage.root);
  }
}

const isSame = (a: ProcessKey, b: ProcessKey): boolean => processId(a) === processId(b);
