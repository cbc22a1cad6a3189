import type { DisguiseRule } from '../agent/index.js';
import type { FindingValue } from '../event/index.js';
import type { DisguiseCase } from './disguise.js';
import { makeFinding } from './judgement.js';

/** The finding that an observation is: one record, or one look, says it whole. `unsure`: why it is not certain after all. */
export function observed(
  rule: DisguiseRule,
  { observation, agent, process }: DisguiseCase,
  expected: string,
  unsure: string | null = null,
): FindingValue {
  const { way, origin, severity, summary, evidence } = observation;
  return makeFinding({
    agent,
    process,
    origin,
    part: `${rule}:${way}`,
    claim: unsure === null ? 'detected' : 'unmeasured',
    severity,
    finding: {
      rule,
      summary,
      evidence: unsure === null ? evidence : [...evidence, unsure],
      expected,
      waitedMs: 0,
    },
  });
}
