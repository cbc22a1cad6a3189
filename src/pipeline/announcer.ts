import { processId, type ProcessId, type ProcessKey } from '../event/index.js';
import type { Agent } from '../agent/index.js';
import type { Rooms } from './activity.js';
import { agentValue } from './values.js';

const TOLD_MAX = 16_384;

/** Says who an agent is, once for each session. */
export class Announcer {
  readonly #rooms: Rooms;
  readonly #said = new Set<ProcessId>();
  /** Sessions of which it was said that nobody registered them, by this daemon or one before it. */
  readonly #told = new Set<string>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** `again`: it is known in another way than before. */
  announce(agent: Agent, again = false): void {
    const { processes, bypass, output } = this.#rooms;
    const id = processId(agent.root);
    if (this.#said.has(id) && !again) return;
    this.#said.add(id);
    const actor = { agent, process: processes.describe(agent.root) };
    output.value(agentValue(actor));
    if (this.#told.has(agent.info.session)) return;
    const findings = bypass.agent(agent, actor.process);
    output.value(...findings);
    if (findings.length > 0) this.told([agent.info.session]);
  }

  told(sessions: readonly string[]): void {
    for (const session of sessions) {
      const [oldest] = this.#told;
      if (oldest !== undefined && this.#told.size >= TOLD_MAX) this.#told.delete(oldest);
      this.#told.add(session);
    }
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
