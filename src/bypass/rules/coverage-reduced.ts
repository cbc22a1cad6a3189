import type { Agent } from '../../agent/index.js';
import type { FindingValue, Origin, ProcessInfo } from '../../event/index.js';
import { makeFinding } from '../judgement.js';

const RULE = 'coverage.reduced';

/** A stack that was called so often that its probes were taken away for a while. */
export interface ReducedCase {
  readonly agent: Agent;
  /** Of the agent, and maps the stack. */
  readonly process: ProcessInfo;
  readonly origin: Origin;
  readonly path: string;
  readonly library: string;
  readonly callsASecond: number;
  readonly holdMs: number;
  /** Counts from 1 for one stack. */
  readonly number: number;
}

/** What this agent says over the stack is not read meanwhile: the probes would have slowed down whoever calls it. */
export function judgeReduced(one: ReducedCase): FindingValue {
  const { agent, process, origin, path, library, callsASecond, holdMs, number } = one;
  return makeFinding({
    ...{ agent, process, origin },
    part: `${RULE}:${agent.info.session}:${path}:${library}:${number}`,
    claim: 'detected',
    severity: 'medium',
    finding: {
      rule: RULE,
      summary: `${library} is not read for ${Math.round(holdMs / 1000)} s: it was called ${callsASecond} times a second`,
      evidence: [
        `file: ${path}`,
        `calls a second, of all processes that use it: ${callsASecond}`,
        `its probes come back after ${Math.round(holdMs / 1000)} s`,
      ],
      expected: '',
      waitedMs: 0,
    },
  });
}
