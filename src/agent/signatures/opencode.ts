import { NODES } from '../running.js';
import { linksTo, type Signature } from '../signature.js';

/**
 * opencode: one file with Bun inside. The package's install script links it to `bin/opencode.exe`, on Linux too; where it
 * did not run, and in earlier versions, a Node script starts `.opencode` beside it or the file of the system's own package.
 */
export const opencode: Signature = {
  name: 'opencode',
  kind: 'agent',
  verified: true,
  evidence: [
    'seen: 1.18.33 from npm runs */opencode-ai/bin/opencode.exe, one file with Bun inside, the same as */opencode-linux-x64*/bin/opencode',
    'earlier versions keep it as */opencode-ai/bin/.opencode',
    'its installer puts that file into ~/.opencode/bin',
  ],
  marks: [
    {
      exe: [
        '*/opencode-linux-*/bin/opencode',
        '*/opencode-ai/bin/opencode.exe',
        '*/opencode-ai/bin/.opencode',
        '*/.opencode/bin/opencode',
      ],
      says: 'executable of opencode',
    },
    {
      exe: NODES,
      script: ['*/opencode-ai/bin/opencode', ...linksTo('opencode')],
      says: 'opencode launcher',
    },
  ],
  basenames: ['opencode', 'opencode.exe', '.opencode', ...NODES],
  parents: [],
};
