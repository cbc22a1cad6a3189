import type { Agent, Observation } from '../agent/index.js';
import type { FindingValue, ProcessInfo } from '../event/index.js';
import type { LostEvidence } from './lost-evidence.js';
import { judgeMasquerade } from './rules/agent-masquerade.js';
import { judgeDeleted } from './rules/exec-deleted.js';
import { judgeFileless } from './rules/exec-fileless.js';
import { judgePreload } from './rules/exec-preload.js';
import { judgeStdinScript } from './rules/exec-stdin-script.js';

/** What every rule about a disguise looks at. */
export interface DisguiseCase {
  readonly observation: Observation;
  readonly agent: Agent;
  readonly process: ProcessInfo;
  /** Records of the lifecycle were lost since the process was first heard of: an exec may be among them. */
  readonly lostExecs: boolean;
}

export function judgeObservation(
  observation: Observation,
  agent: Agent,
  process: ProcessInfo,
  lost: LostEvidence,
): FindingValue {
  const lostExecs = lost.since('lifecycle', observation.origin.bootNs);
  const one = { observation, agent, process, lostExecs };
  switch (observation.rule) {
    case 'agent.masquerade':
      return judgeMasquerade(one);
    case 'exec.fileless':
      return judgeFileless(one);
    case 'exec.deleted':
      return judgeDeleted(one);
    case 'exec.preload':
      return judgePreload(one);
    case 'exec.stdin_script':
      return judgeStdinScript(one);
  }
}
