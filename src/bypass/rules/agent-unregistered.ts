import type { Agent } from '../../agent/index.js';
import type { FindingValue, ProcessInfo } from '../../event/index.js';
import { makeFinding } from '../judgement.js';

const RULE = 'agent.unregistered';

/**
 * An agent runs that nobody configured or registered: recognised by its looks or by what it does, at the top or inside the
 * lineage of another. Said once for each session, over restarts of the daemon too. Unmeasured when a rule asked for
 * something about the process that could not be found out: the rule might have matched. Silent about a model server,
 * which acts for nobody, and about what an agent had others run: lineage.handoff says that.
 */
export function judgeRegistration(agent: Agent, process: ProcessInfo): FindingValue[] {
  const { assurance, id, name, session, under } = agent.info;
  if (assurance === 'bound' || assurance === 'asserted') return [];
  if (agent.isServer === true || (under?.handedOff === true && assurance === 'inferred')) return [];
  const unsure = 'a rule could not be checked: its fact about the process did not come';
  const below = under === undefined ? '' : `, started by ${under.parent.id}`;
  return [
    makeFinding({
      agent,
      process,
      origin: agent.origin,
      part: `${RULE}:${session}`,
      claim: agent.unsure ? 'unmeasured' : 'detected',
      severity: 'medium',
      finding: {
        rule: RULE,
        summary: `${name} runs unregistered as ${id}${below}`,
        evidence: [
          ...agent.evidence,
          ...placeOf(process),
          ...(under === undefined ? [] : [`started by the agent ${under.parent.id}`]),
          ...(agent.unsure ? [unsure] : []),
        ],
        expected: 'a rule or a registration that names this agent',
        waitedMs: 0,
      },
    }),
  ];
}

/** Where it runs, as far as that is known when it is recognised. */
function placeOf({ cwd, container, program }: ProcessInfo): readonly string[] {
  return [
    ...(program === undefined ? [] : [`program ${program}`]),
    ...(cwd === '' ? [] : [`working directory ${cwd}`]),
    ...(container === undefined ? [] : [`container ${container.id}`]),
  ];
}
