import type { ProcessKey } from '../event/index.js';
import type { Agent, AgentRegistry } from '../agent/index.js';
import type { ProcessTable } from '../process/index.js';
import type { Actor } from './values.js';

interface ActorRooms {
  readonly processes: ProcessTable;
  readonly registry: AgentRegistry;
}

/** Whose deed something is. */
export class Actors {
  constructor(private readonly rooms: ActorRooms) {}

  /** null: of no agent, or of one that is forgotten. */
  of({ root, key }: { root: ProcessKey | null; key: ProcessKey }): Actor | null {
    const agent = root === null ? null : this.rooms.registry.agentOf(root);
    return agent === null ? null : this.as(agent, key);
  }

  /** By the lineage the process is in now. */
  ofProcess(key: ProcessKey): Actor | null {
    return this.of({ key, root: this.rooms.processes.rootOf(key) });
  }

  as(agent: Agent, key: ProcessKey): Actor {
    return { agent, process: this.rooms.processes.describe(key) };
  }
}
