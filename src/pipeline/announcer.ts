import { processId, type ProcessId, type ProcessKey } from '../event/index.js';
import type { Agent } from '../agent/index.js';
import type { Rooms } from './activity.js';
import { agentValue } from './values.js';

/** Says who an agent is, once for each session. */
export class Announcer {
  readonly #rooms: Rooms;
  readonly #said = new Set<ProcessId>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  announce(agent: Agent): void {
    const { processes, bypass, output } = this.#rooms;
    const id = processId(agent.root);
    if (this.#said.has(id)) return;
    this.#said.add(id);
    const actor = { agent, process: processes.describe(agent.root) };
    output.value(agentValue(actor), ...bypass.agent(agent, actor.process));
  }

  /** A daemon before this one has said it. */
  said(root: ProcessKey): void {
    this.#said.add(processId(root));
  }

  /** The last process of its lineage ended. */
  ended(root: ProcessKey): void {
    this.#said.delete(processId(root));
  }
}
