import { processId, type ProcessId, type ProcessKey } from '../event/index.js';
import type { Agent } from './decision.js';

const AGENTS_MAX = 4096;
const STRANGERS_MAX = 16_384;
const GRACE_NS = 30_000_000_000n;

/** Roots with a verdict. Ended agents stay for 30 s: their late events are still their own. */
export class AgentBook {
  readonly #agents = new Map<ProcessId, Agent>();
  /** In the order of their ends. */
  readonly #endedNs = new Map<ProcessId, bigint>();
  /** Events under way when a root was called a stranger must not make it pending again. */
  readonly #strangers = new Set<ProcessId>();
  /** Living or lately ended agents below each session at the top. */
  readonly #below = new Map<string, number>();
  #evicted = 0;

  add(agent: Agent): void {
    const id = processId(agent.root);
    if (this.#agents.has(id)) this.#drop(id);
    if (this.#agents.size >= AGENTS_MAX) this.#evict();
    this.#agents.set(id, agent);
    this.#strangers.delete(id);
    this.#count(agent, 1);
  }

  addStranger(root: ProcessKey): void {
    const [oldest] = this.#strangers;
    if (oldest !== undefined && this.#strangers.size >= STRANGERS_MAX) {
      this.#strangers.delete(oldest);
    }
    this.#strangers.add(processId(root));
  }

  get(root: ProcessKey): Agent | null {
    return this.#agents.get(processId(root)) ?? null;
  }

  isStranger(root: ProcessKey): boolean {
    return this.#strangers.has(processId(root));
  }

  living(): readonly Agent[] {
    return [...this.#agents.values()].filter(({ root }) => !this.#endedNs.has(processId(root)));
  }

  /** Agents that descend from this one, however deep, those that ended in the last 30 s among them. */
  countBelow(session: string): number {
    return this.#below.get(session) ?? 0;
  }

  /** The last process of a lineage ended. */
  ended(root: ProcessKey, nowNs: bigint): void {
    const id = processId(root);
    if (this.#agents.has(id)) this.#endedNs.set(id, nowNs);
  }

  tick(nowNs: bigint): void {
    for (const [id, endedNs] of this.#endedNs) {
      if (nowNs - endedNs < GRACE_NS) return;
      this.#drop(id);
    }
  }

  stats(): { agents: number; agentsEvicted: number } {
    return { agents: this.#agents.size - this.#endedNs.size, agentsEvicted: this.#evicted };
  }

  #evict(): void {
    const [ended] = this.#endedNs.keys();
    const [oldest] = this.#agents.keys();
    if (ended === undefined) this.#evicted += 1;
    const id = ended ?? oldest;
    if (id !== undefined) this.#drop(id);
  }

  #drop(id: ProcessId): void {
    const agent = this.#agents.get(id);
    if (agent !== undefined) this.#count(agent, -1);
    this.#agents.delete(id);
    this.#endedNs.delete(id);
  }

  #count({ info }: Agent, change: 1 | -1): void {
    const session = info.under?.root.session;
    if (session === undefined) return;
    const count = this.countBelow(session) + change;
    if (count > 0) this.#below.set(session, count);
    else this.#below.delete(session);
  }
}
