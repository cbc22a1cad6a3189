import { NODES } from '../running.js';
import { linksTo, type Signature } from '../signature.js';

/** Qwen Code: a Node script that starts another of its package, which then executes itself in the same pid. */
export const qwenCode: Signature = {
  name: 'qwen-code',
  kind: 'agent',
  verified: true,
  evidence: [
    'seen: 0.24.4 from npm, node */@qwen-code/qwen-code/cli-entry.js, then node --expose-gc */cli.js, twice in one pid',
  ],
  marks: [
    {
      exe: NODES,
      script: [
        '*/@qwen-code/qwen-code/cli*.js',
        '*/@qwen-code/qwen-code/dist/cli*.js',
        ...linksTo('qwen'),
      ],
      says: 'Qwen Code script',
    },
  ],
  basenames: NODES,
  parents: [],
};
