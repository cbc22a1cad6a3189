import type { FindingValue } from '../../event/index.js';
import type { DisguiseCase } from '../disguise.js';
import { makeFinding } from '../judgement.js';

const RULE = 'exec.stdin_script';

/** An interpreter took its program from a pipe, a socket or a descriptor. Its one record says it whole. */
export function judgeStdinScript({ observation, agent, process }: DisguiseCase): FindingValue {
  return makeFinding({
    agent,
    process,
    origin: observation.origin,
    part: `${RULE}:${observation.way}`,
    claim: 'detected',
    severity: observation.severity,
    finding: {
      rule: RULE,
      summary: observation.summary,
      evidence: observation.evidence,
      expected: 'a script that a file names, or that stands in the arguments',
      waitedMs: 0,
    },
  });
}
