import { NODES } from '../running.js';
import { linksTo, type Signature } from '../signature.js';

/** opencode: one file with Bun inside, which npm reaches through a Node script. */
export const opencode: Signature = {
  name: 'opencode',
  kind: 'agent',
  verified: true,
  evidence: [
    'seen: 1.18.33 from npm runs */opencode-linux-x64*/bin/opencode, one file with Bun inside',
    'its installer puts that file into ~/.opencode/bin',
  ],
  marks: [
    {
      exe: ['*/opencode-linux-*/bin/opencode', '*/.opencode/bin/opencode'],
      says: 'executable of opencode',
    },
    {
      exe: NODES,
      script: ['*/opencode-ai/bin/opencode', ...linksTo('opencode')],
      says: 'opencode launcher',
    },
  ],
  basenames: ['opencode', ...NODES],
  parents: [],
};
