import type { Agent } from '../../agent/index.js';
import type { FindingValue, ProcessInfo } from '../../event/index.js';
import { makeFinding } from '../judgement.js';

const RULE = 'agent.unregistered';

/**
 * An agent runs that nobody configured or registered. Said once for each session. Unmeasured when a rule asked for
 * something about the process that could not be found out: the rule might have matched.
 */
export function judgeRegistration(agent: Agent, process: ProcessInfo): FindingValue[] {
  const { assurance, id, name } = agent.info;
  if (assurance === 'bound' || assurance === 'asserted') return [];
  const unsure = 'a rule could not be checked: its fact about the process did not come';
  return [
    makeFinding({
      agent,
      process,
      origin: agent.origin,
      part: `${RULE}:${agent.info.session}`,
      claim: agent.unsure ? 'unmeasured' : 'detected',
      severity: 'medium',
      finding: {
        rule: RULE,
        summary: `${name} runs unregistered as ${id}`,
        evidence: [...agent.evidence, ...(agent.unsure ? [unsure] : [])],
        expected: 'a rule or a registration that names this agent',
        waitedMs: 0,
      },
    }),
  ];
}
