import type { ProcessFact, ProcessKey, Registration } from '../event/index.js';
import type { AgentRegistry, RegistryStep } from '../agent/index.js';
import type { ProcessTable } from '../process/index.js';
import type { Lineages } from './lineages.js';
import type { Output } from './output.js';
import { looksOf, Visitors } from './visitors.js';

interface EnquiryRooms {
  readonly processes: ProcessTable;
  readonly registry: AgentRegistry;
  readonly lineages: Lineages;
  readonly output: Output;
  readonly apply: (step: RegistryStep) => void;
}

/** Questions about one process, from itself or from an operator. */
export class Enquiries {
  readonly #rooms: EnquiryRooms;
  readonly #visitors = new Visitors();

  constructor(rooms: EnquiryRooms) {
    this.#rooms = rooms;
  }

  looked(fact: ProcessFact): void {
    this.#visitors.looked(fact);
  }

  /** Someone asks to be known as an agent. The answer goes back to it. */
  register(registration: Registration): void {
    const { registry, processes, output, apply } = this.#rooms;
    const { key } = registration;
    const root = processes.rootOf(key);
    const current = root === null ? null : registry.agentOf(root);
    const subject = this.#visitors.subjectOf(key, processes.info(key));
    const { reply, step } = registry.register(registration, current, subject);
    apply(step);
    output.reply(reply);
  }

  /** The living process of a pid, as far as it is an agent's; null: it is not. */
  keyOfPid(pid: number): ProcessKey | null {
    const { processes, lineages } = this.#rooms;
    return processes.ofPid(pid).find((key) => lineages.isMember(key)) ?? null;
  }

  /** Whose a process is, and what each rule and signature makes of it. null: nothing is known of it. */
  explain(fact: ProcessFact) {
    const { processes, registry } = this.#rooms;
    this.#visitors.looked(fact);
    const info = processes.info(fact.key);
    const subject = this.#visitors.subjectOf(fact.key, info);
    if (subject === null) return null;
    const root = processes.rootOf(fact.key);
    return {
      process: info ?? looksOf(fact),
      agent: root === null ? null : registry.agentOf(root),
      lines: registry.explain(subject),
    };
  }
}
