import {
  processId,
  type ExecEvent,
  type KernelEvent,
  type ProcessId,
  type ProcessKey,
} from '../event/index.js';
import type { Decision } from '../agent/index.js';

/**
 * Agents among what a lineage did that turned out nobody's. Its first program had only the name of one, and executed or
 * started the agent before that was decided.
 */
export class Heirs {
  readonly #judge: (exec: ExecEvent) => Decision | null;
  readonly #decisions = new Map<ProcessId, Decision>();
  /** Root of the agent each process belongs to. */
  readonly #owners = new Map<ProcessId, ProcessKey>();

  constructor(judge: (exec: ExecEvent) => Decision | null) {
    this.#judge = judge;
  }

  get decisions(): readonly Decision[] {
    return [...this.#decisions.values()];
  }

  includes(root: ProcessKey): boolean {
    return this.#decisions.has(processId(root));
  }

  owns(key: ProcessKey): boolean {
    return this.#owners.has(processId(key));
  }

  /** In the order of events: whose this one is; null: still nobody's. */
  ownerOf(event: KernelEvent): ProcessKey | null {
    const id = processId(event.key);
    if (event.kind === 'exec' && !this.#owners.has(id)) {
      const decision = this.#judge(event);
      if (decision !== null) {
        this.#decisions.set(id, decision);
        this.#owners.set(id, event.key);
      }
    }
    const owner = this.#owners.get(id) ?? null;
    if (owner !== null && event.kind === 'fork') this.#owners.set(processId(event.child), owner);
    return owner;
  }
}
