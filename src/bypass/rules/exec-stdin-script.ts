import type { FindingValue } from '../../event/index.js';
import type { DisguiseCase } from '../disguise.js';
import { observed } from '../observed.js';

const RULE = 'exec.stdin_script';

/** An interpreter took its program from a pipe, a socket or a descriptor. */
export const judgeStdinScript = (one: DisguiseCase): FindingValue =>
  observed(RULE, one, 'a script that a file names, or that stands in the arguments');
