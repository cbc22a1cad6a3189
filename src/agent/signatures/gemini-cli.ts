import type { Signature } from '../signature.js';

/** Google's Gemini CLI: a Node script that runs itself again as a child with a larger heap. */
export const geminiCli: Signature = {
  name: 'gemini-cli',
  marks: [
    {
      exe: ['node', 'nodejs', 'bun'],
      script: [
        '*/@google/gemini-cli/bundle/gemini.js',
        '*/@google/gemini-cli/dist/index.js',
        '*/bin/gemini',
      ],
      says: 'Gemini CLI script',
    },
  ],
  basenames: ['node', 'nodejs', 'bun'],
  parents: [],
};
