import { NODES } from '../running.js';
import { linksTo, type Signature } from '../signature.js';

/**
 * GitHub's Copilot CLI. The binary of its release archive is called `copilot` and lies anywhere, as that of another
 * product does: only in the npm packages is the name evidence.
 */
export const copilotCli: Signature = {
  name: 'copilot-cli',
  kind: 'agent',
  verified: false,
  evidence: [
    'not run here',
    'the npm package @github/copilot: npm-loader.js starts @github/copilot-<system>-<machine>, else loads index.js (github/copilot-cli#1566, #3244)',
  ],
  marks: [
    {
      exe: ['*/@github/copilot-linux*/copilot'],
      says: 'executable of the npm package @github/copilot',
    },
    {
      exe: NODES,
      script: [
        '*/@github/copilot/npm-loader.js',
        '*/@github/copilot/index.js',
        ...linksTo('copilot'),
      ],
      says: 'Copilot CLI script',
    },
  ],
  basenames: ['copilot', ...NODES],
  parents: [],
};
