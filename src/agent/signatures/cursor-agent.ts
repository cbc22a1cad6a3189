import { NODES } from '../running.js';
import type { Signature } from '../signature.js';

/** Cursor's command-line agent: a shell script that executes the node beside it on the index.js beside that. */
export const cursorAgent: Signature = {
  name: 'cursor-agent',
  kind: 'agent',
  verified: false,
  evidence: [
    'not run here',
    'its archive agent-cli-package holds cursor-agent, node and index.js; the installer puts them into ~/.local/share/cursor-agent/versions/<version>',
  ],
  marks: [
    {
      exe: NODES,
      script: ['*/cursor-agent/versions/*/index.js'],
      says: 'Cursor agent script',
    },
    {
      exe: ['*/cursor-agent/versions/*/cursor-agent'],
      says: 'executable of the Cursor agent',
    },
  ],
  basenames: ['cursor-agent', ...NODES],
  parents: [],
};
