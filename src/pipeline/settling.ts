import { processId, type KernelEvent, type ProcessKey } from '../event/index.js';
import { type Agent, type AgentRegistry, type Decision, noteOf } from '../agent/index.js';
import { Lineage, type ProcessTable } from '../process/index.js';
import type { Activity } from './activity.js';
import type { Gaps } from './gaps.js';
import { HeldEvents } from './held-events.js';
import { Heirs } from './heirs.js';
import type { Lineages } from './lineages.js';
import type { Output } from './output.js';
import type { Watched } from './watched.js';

export interface SettlingRooms {
  readonly processes: ProcessTable;
  readonly registry: AgentRegistry;
  readonly activity: Activity;
  readonly gaps: Gaps;
  readonly output: Output;
  readonly lineages: Lineages;
  readonly watched: Watched;
}

/** Carries out what the registry decided: tells the kernel, and gives what was held to whom it belongs. */
export class Settling {
  readonly held = new HeldEvents();
  readonly #rooms: SettlingRooms;
  readonly #ofAgent: (event: KernelEvent, agent: Agent) => void;
  #nowNs = 0n;
  #foreignEvents = 0;

  constructor(rooms: SettlingRooms, ofAgent: (event: KernelEvent, agent: Agent) => void) {
    this.#rooms = rooms;
    this.#ofAgent = ofAgent;
  }

  get foreignEvents(): number {
    return this.#foreignEvents;
  }

  advance(bootNs: bigint): void {
    this.#nowNs = bootNs;
  }

  /** An event of nobody's. */
  foreign(count = 1): void {
    this.#foreignEvents += count;
  }

  settle(decision: Decision): void {
    switch (decision.verdict) {
      case 'agent':
        this.#agent(decision.agent);
        return;
      case 'watched':
        this.#observe(decision.root);
        return;
      case 'stranger':
        this.drop(decision.root);
        return;
      case 'member':
        this.#adopt(decision);
        return;
      case 'foreign':
        this.#rooms.processes.forget(decision.key);
    }
  }

  /** Of a stranger nothing is kept, but for agents that it became or started before anybody had decided about it. */
  drop(root: ProcessKey): void {
    const { processes, output, lineages, watched } = this.#rooms;
    const lineage = new Lineage(root);
    const { events, dropped } = this.held.take(root);
    const heirs = new Heirs((exec) => this.#rooms.registry.alone(exec));
    for (const event of events) {
      const heir = heirs.ownerOf(event);
      if (heir === null) lineage.on(event);
      else this.held.hold(heir, event);
    }
    const seen = watched.take(root);
    this.foreign(events.length + dropped);
    lineages.end(root);
    processes.forget(root);
    if (!heirs.includes(root)) {
      const members = [...lineage.members(), ...seen.members].filter((key) => !heirs.owns(key));
      output.command({ do: 'verdict', root, verdict: 'stranger' });
      output.command({ do: 'release', root, members });
    }
    for (const decision of heirs.decisions) this.settle(decision);
  }

  /** The last process of a lineage has ended. */
  close(root: ProcessKey): void {
    const { registry, activity, output, lineages } = this.#rooms;
    lineages.end(root);
    registry.ended(root, this.#nowNs);
    activity.agents.ended(root);
    output.command({ do: 'release', root, members: [] });
  }

  introduce({ root }: Agent): void {
    const { processes } = this.#rooms;
    processes.introduce(root);
    processes.adopt(root, root, null);
  }

  /** Completes what the kernel does not say, such as the container. */
  lookUp(key: ProcessKey): void {
    this.#rooms.output.command({ do: 'look_up_process', key, env: [] });
  }

  #agent(agent: Agent): void {
    const around = this.#rooms.lineages.around(agent.root);
    if (around === undefined) this.#watch(agent);
    else if (processId(around.root) === processId(agent.root)) this.#rename(agent);
    else this.#nest(agent, around);
  }

  #watch(agent: Agent): void {
    const { activity, output, lineages, watched } = this.#rooms;
    const { root, origin, bootstrap } = agent;
    output.command({ do: 'verdict', root, verdict: 'agent' });
    if (bootstrap) output.command({ do: 'adopt', key: root, root });
    else this.lookUp(root);
    lineages.begin(root);
    const { events, dropped } = this.held.take(root);
    const all = [...watched.take(root).events, ...events];
    if (!all.some((event) => event.kind === 'exec' && processId(event.key) === processId(root))) {
      this.introduce(agent);
      activity.agents.announce(agent);
      activity.adopted(root, origin);
    }
    output.command({ do: 'remember', ...noteOf(agent) });
    if (dropped > 0) this.#lostWhileHeld(agent, dropped);
    for (const event of all) this.#ofAgent(event, agent);
  }

  /** An agent inside another one's lineage: from here on its processes are its own. */
  #nest(agent: Agent, outer: Lineage): void {
    const { processes, activity, output, lineages } = this.#rooms;
    const { root } = agent;
    const moved = processes.reroot(root).filter((key) => outer.has(key));
    lineages.begin(root, moved);
    output.command({ do: 'verdict', root, verdict: 'agent' });
    for (const key of moved) {
      outer.gone(key);
      output.command({ do: 'adopt', key, root });
    }
    output.command({ do: 'remember', ...noteOf(agent) });
    activity.agents.announce(agent);
    // It may have ended while a fact about it was waited for.
    if (moved.length === 0) this.lookUp(root);
    if (outer.size === 0) this.close(outer.root);
  }

  /** The same root, known in another way than before. */
  #rename(agent: Agent): void {
    const { activity, output } = this.#rooms;
    output.command({ do: 'remember', ...noteOf(agent) });
    activity.agents.announce(agent, true);
  }

  #observe(root: ProcessKey): void {
    const { output, watched } = this.#rooms;
    const { events } = this.held.take(root);
    const isNew = !watched.has(root);
    watched.begin(root);
    output.command({ do: 'verdict', root, verdict: 'watched' });
    // One that ran before the sensors: no exec of it was seen.
    if (isNew && events.length === 0) output.command({ do: 'adopt', key: root, root });
    for (const event of events) watched.on(event, root);
  }

  #adopt({ key, root, parent }: Decision & { verdict: 'member' }): void {
    const { processes, activity, output, registry, lineages } = this.#rooms;
    output.command({ do: 'adopt', key, root });
    lineages.of(root)?.adopt(key);
    const parentRoot = processes.rootOf(parent);
    const isInside = parentRoot !== null && processId(parentRoot) === processId(root);
    processes.adopt(key, root, isInside ? parent : root);
    const agent = registry.agentOf(root);
    if (agent !== null) activity.adopted(key, agent.origin);
  }

  #lostWhileHeld(agent: Agent, dropped: number): void {
    const { ring, cpu } = agent.origin;
    const loss = { ring, cpu, cause: 'table_full', count: BigInt(dropped) } as const;
    this.#rooms.gaps.tell(loss, 'hold', this.#nowNs, agent.info);
  }
}
