import type { FindingValue, Origin, ProcessInfo } from '../../event/index.js';
import type { Agent } from '../../agent/index.js';
import { makeFinding } from '../judgement.js';

const RULE = 'coverage.exhausted';

/** An agent brought more TLS stacks than are probed for one: what else it brings is not read. */
export interface ExhaustedCase {
  readonly agent: Agent;
  readonly process: ProcessInfo;
  readonly origin: Origin;
  /** Of the first stack that gets no probes. */
  readonly path: string;
  readonly limit: number;
}

export const judgeExhausted = (one: ExhaustedCase): FindingValue[] => [
  makeFinding({
    agent: one.agent,
    process: one.process,
    origin: one.origin,
    part: `${RULE}:${one.agent.info.session}`,
    claim: 'detected',
    severity: 'medium',
    finding: {
      rule: RULE,
      summary: `${one.agent.info.name} brought more than ${one.limit} TLS stacks, and no more are read`,
      evidence: [
        `the first that gets no probes: ${one.path}`,
        'what goes through it and those after it is said flow by flow (coverage.opaque_tls)',
      ],
      expected: `at most ${one.limit} files with TLS in use at once`,
      waitedMs: 0,
    },
  }),
];
