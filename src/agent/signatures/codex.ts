import type { Signature } from '../signature.js';

/**
 * OpenAI's Codex CLI: a Node launcher that starts a static binary of the same package. Its tools run through
 * `/proc/self/exe`, so the resolved file is `codex` again.
 */
export const codex: Signature = {
  name: 'codex',
  marks: [
    {
      exe: ['*/@openai/codex*/codex', '*/@openai/.codex*/codex'],
      says: 'executable of the npm package @openai/codex',
    },
    {
      exe: ['node', 'nodejs', 'bun'],
      script: ['*/@openai/codex*/codex.js', '*/bin/codex'],
      says: 'Codex launcher',
    },
  ],
  basenames: ['codex', 'node', 'nodejs', 'bun'],
  parents: [],
};
