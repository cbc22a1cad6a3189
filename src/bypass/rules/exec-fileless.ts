import type { FindingValue } from '../../event/index.js';
import type { DisguiseCase } from '../disguise.js';
import { makeFinding } from '../judgement.js';

const RULE = 'exec.fileless';
const LOST = 'records were lost: what its process ran before, and may have copied, is not certain';

/**
 * A program was executed from memory, and is no copy of what its process ran before. That it lies in no file is certain;
 * the comparison is not when records of execs were lost, and the evidence says so.
 */
export function judgeFileless({
  observation,
  agent,
  process,
  lostExecs,
}: DisguiseCase): FindingValue {
  return makeFinding({
    agent,
    process,
    origin: observation.origin,
    part: `${RULE}:${observation.way}`,
    claim: lostExecs ? 'unmeasured' : 'detected',
    severity: observation.severity,
    finding: {
      rule: RULE,
      summary: observation.summary,
      evidence: [...observation.evidence, ...(lostExecs ? [LOST] : [])],
      expected: 'a program that lies in a file',
      waitedMs: 0,
    },
  });
}
