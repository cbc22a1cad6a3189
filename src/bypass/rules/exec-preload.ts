import type { FindingValue } from '../../event/index.js';
import type { DisguiseCase } from '../disguise.js';
import { observed } from '../observed.js';

const RULE = 'exec.preload';

/** The dynamic linker was told to put a library into a program. */
export const judgePreload = (one: DisguiseCase): FindingValue =>
  observed(RULE, one, 'a program that runs nothing but its own code');
