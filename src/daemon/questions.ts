import { agentLines, coverageLines, explanationOf } from '../cli/index.js';
import type { AgentLine, CoverageLine, Explanation } from '../cli/index.js';
import type { HostPort, KernelPort, ProcessInfo } from '../event/index.js';
import type { Pipeline } from '../pipeline.js';
import { keyOfPid } from './exact-keys.js';

interface World {
  /** The one in force. */
  readonly pipeline: () => Pipeline;
  readonly kernel: Pick<KernelPort, 'seeds'>;
  readonly host: Pick<HostPort, 'processFact' | 'userFact'>;
}

/** What a local reader may ask beside records: who the agents are, what of their TLS can be read, and
 * why a process is whose it is. */
export class Questions {
  constructor(private readonly world: World) {}

  agents(): readonly AgentLine[] {
    const pipeline = this.world.pipeline();
    const { agents } = pipeline.snapshot();
    return agentLines(
      agents.map((agent) => {
        const { rootPid: tgid, rootStartNs: startNs } = agent;
        return { ...agent, members: pipeline.members({ tgid, startNs }) };
      }),
    );
  }

  coverage(): readonly CoverageLine[] {
    return coverageLines(this.world.pipeline().coverage());
  }

  /** null: no such process lives, and none ended lately. */
  explain(pid: number): Explanation | null {
    const { kernel, host } = this.world;
    const pipeline = this.world.pipeline();
    const key = pipeline.keyOfPid(pid) ?? keyOfPid(kernel, pid);
    if (key === null) return null;
    const fact = host.processFact(key, pipeline.environment().values);
    if (fact.fact !== 'process') return null;
    const found = pipeline.explain(fact);
    if (found === null) return null;
    const { agent, process, lines } = found;
    return explanationOf({
      process,
      user: fact.user ?? this.#userOf(process),
      agent: agent === null ? null : { info: agent.info, evidence: agent.evidence },
      lines,
    });
  }

  #userOf({ uid }: ProcessInfo): string | null {
    const fact = this.world.host.userFact(uid);
    return fact.fact === 'user' && fact.user !== String(uid) ? fact.user : null;
  }
}
