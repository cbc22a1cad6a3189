import type { FindingValue } from '../../event/index.js';
import type { DisguiseCase } from '../disguise.js';
import { makeFinding } from '../judgement.js';

const RULE = 'exec.deleted';

/** A program was executed after the last name of its file was removed, or ran on after. One record, or look, says it whole. */
export function judgeDeleted({ observation, agent, process }: DisguiseCase): FindingValue {
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
      expected: 'a program that has a name when it is executed and while it runs',
      waitedMs: 0,
    },
  });
}
