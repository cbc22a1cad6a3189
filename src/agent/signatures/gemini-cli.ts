import { NODES } from '../running.js';
import { linksTo, type Signature } from '../signature.js';

/** Google's Gemini CLI: a Node script that runs itself again as a child with a larger heap. */
export const geminiCli: Signature = {
  name: 'gemini-cli',
  kind: 'agent',
  verified: true,
  evidence: [
    'seen: 0.61.0 from npm, node */@google/gemini-cli/bundle/gemini.js, then the same with --max-old-space-size',
    'earlier versions run dist/index.js',
  ],
  marks: [
    {
      exe: NODES,
      script: [
        '*/@google/gemini-cli/bundle/gemini.js',
        '*/@google/gemini-cli/dist/index.js',
        ...linksTo('gemini'),
      ],
      says: 'Gemini CLI script',
    },
  ],
  basenames: NODES,
  parents: [],
};
