import type { Agent } from '../../agent/index.js';
import type { Origin, SelfFindingValue } from '../../event/index.js';

const RULE = 'lineage.overflow';

/**
 * Processes that could not be followed, because a table was full: what they did was not measured. About an agent where it
 * is known whose they were. No process stands in it: the one that mattered is the one that is not known.
 */
export function judgeOverflow(
  agent: Agent | null,
  count: bigint,
  origin: Origin,
): SelfFindingValue[] {
  if (count <= 0n) return [];
  const whose = agent === null ? 'agents' : agent.info.name;
  const processes = count === 1n ? '1 process' : `${count} processes`;
  return [
    {
      kind: 'self_finding',
      class: 'finding',
      claim: 'detected',
      severity: 'high',
      agent: agent?.info ?? null,
      origin,
      part: `${RULE}:${agent?.info.session ?? ''}`,
      finding: {
        rule: RULE,
        summary: `${processes} of ${whose} could not be followed: the table of lineages was full`,
        evidence: [
          `not followed: ${count}`,
          'what these did, and what their descendants do, is not measured',
        ],
        expected: '',
        waitedMs: 0,
      },
    },
  ];
}
