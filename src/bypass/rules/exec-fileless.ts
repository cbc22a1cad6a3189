import type { FindingValue } from '../../event/index.js';
import type { DisguiseCase } from '../disguise.js';
import { observed } from '../observed.js';

const RULE = 'exec.fileless';
const LOST = 'records were lost: what its process ran before, and may have copied, is not certain';

/**
 * A program was executed from memory, and is no copy of what its process ran before. That it lies in no file is certain;
 * the comparison is not when records of execs were lost, and the evidence says so.
 */
export const judgeFileless = (one: DisguiseCase): FindingValue =>
  observed(RULE, one, 'a program that lies in a file', one.lostExecs ? LOST : null);
