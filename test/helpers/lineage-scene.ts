import { type Agent, AgentRegistry, type RegistryStep } from '../../src/agent/index.js';
import {
  processId,
  type ExecEvent,
  type PipelineSettings,
  type ProcessKey,
} from '../../src/event/index.js';
import { ProcessTable } from '../../src/process/index.js';
import { baseOf, execEvent, settings } from './events.js';

/** One lineage as the process table keeps it, and whose each exec in it is. */
export class LineageScene {
  readonly registry: AgentRegistry;
  readonly processes = new ProcessTable();
  #pid = 100;

  constructor(more: Partial<PipelineSettings> = {}) {
    this.registry = new AgentRegistry(settings(more));
    this.registry.fact({ fact: 'user', uid: 1000, user: 'alice' });
  }

  /** A root that asks for its verdict. */
  start(path: string, argv: readonly string[] = [path], more: Partial<ExecEvent> = {}): ProcessKey {
    const key = this.#key();
    const exec = execEvent(key, path, { argv, asksVerdict: true, ...more });
    this.processes.on(exec);
    this.registry.ask(exec);
    return key;
  }

  fork(parent: ProcessKey): ProcessKey {
    const child = this.#key();
    const root = this.processes.rootOf(parent);
    this.processes.on({ kind: 'fork', ...baseOf(parent, root), child });
    return child;
  }

  /** null: it stays the same agent's. */
  exec(
    key: ProcessKey,
    path: string,
    argv: readonly string[] = [path],
    more: Partial<ExecEvent> = {},
  ): RegistryStep | null {
    const agent = this.agentOf(key);
    if (agent === null) throw new Error('not in an agent');
    const event = execEvent(key, path, { argv, ...baseOf(key, agent.root), ...more });
    const isRoot = processId(key) === processId(agent.root);
    const step = isRoot ? null : this.registry.nested(event, agent, this.processes.ledTo(key));
    for (const decision of step?.decisions ?? []) {
      if (decision.verdict === 'agent') this.processes.reroot(decision.root);
    }
    this.processes.on(event);
    return step;
  }

  /** Forks and executes. */
  run(
    parent: ProcessKey,
    path: string,
    argv: readonly string[] = [path],
    more: Partial<ExecEvent> = {},
  ): { readonly key: ProcessKey; readonly step: RegistryStep | null } {
    const key = this.fork(parent);
    return { key, step: this.exec(key, path, argv, more) };
  }

  /** The agent whose process it is. */
  agentOf(key: ProcessKey): Agent | null {
    const root = this.processes.rootOf(key);
    return root === null ? null : this.registry.agentOf(root);
  }

  #key(): ProcessKey {
    this.#pid += 1;
    return { tgid: this.#pid, startNs: BigInt(this.#pid) };
  }
}
