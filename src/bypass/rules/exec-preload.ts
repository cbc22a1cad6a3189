import type { FindingValue } from '../../event/index.js';
import type { DisguiseCase } from '../disguise.js';
import { makeFinding } from '../judgement.js';

const RULE = 'exec.preload';

/** The dynamic linker was told to put a library into a program. Its one record says it whole. */
export function judgePreload({ observation, agent, process }: DisguiseCase): FindingValue {
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
      expected: 'a program that runs nothing but its own code',
      waitedMs: 0,
    },
  });
}
