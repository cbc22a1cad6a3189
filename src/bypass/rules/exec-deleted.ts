import type { FindingValue } from '../../event/index.js';
import type { DisguiseCase } from '../disguise.js';
import { observed } from '../observed.js';

const RULE = 'exec.deleted';

/** A program was executed after the last name of its file was removed, or ran on after. */
export const judgeDeleted = (one: DisguiseCase): FindingValue =>
  observed(RULE, one, 'a program that has a name when it is executed and while it runs');
