import type { FindingValue } from '../../event/index.js';
import type { DisguiseCase } from '../disguise.js';
import { observed } from '../observed.js';

const RULE = 'agent.masquerade';
const LOST = 'records were lost since its exec: a later exec that explains it may be among them';

/**
 * A process hides what it runs: by the name of its file, its argv[0], its title, what the kernel's link to its file says,
 * or the dynamic linker. Unmeasured when it was told by comparing with its last exec and a later one may have been lost.
 */
export function judgeMasquerade(one: DisguiseCase): FindingValue {
  const isUnsure = one.observation.needsEveryExec && one.lostExecs;
  return observed(RULE, one, 'a program that goes by its own name', isUnsure ? LOST : null);
}
