import { NODES } from '../running.js';
import { linksTo, type Signature } from '../signature.js';

/**
 * OpenAI's Codex CLI: a Node launcher that starts a static binary of the same package. Its tools run through
 * `/proc/self/exe`, so the resolved file is `codex` again.
 */
export const codex: Signature = {
  name: 'codex',
  kind: 'agent',
  verified: true,
  evidence: [
    'seen: 0.169.0 from npm, node */codex.js starts */@openai/codex*/codex, a static binary',
    'seen: its tool process executes codex again, then bash, in one pid',
  ],
  marks: [
    {
      exe: ['*/@openai/codex*/codex', '*/@openai/.codex*/codex'],
      says: 'executable of the npm package @openai/codex',
    },
    {
      exe: NODES,
      script: ['*/@openai/codex*/codex.js', ...linksTo('codex')],
      says: 'Codex launcher',
    },
  ],
  basenames: ['codex', ...NODES],
  parents: [],
};
