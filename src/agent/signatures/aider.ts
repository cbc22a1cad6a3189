import { PYTHONS } from '../running.js';
import { linksTo, type Signature } from '../signature.js';

/** aider, a Python package (`aider-chat`) with a console script. */
export const aider: Signature = {
  name: 'aider',
  kind: 'agent',
  verified: false,
  evidence: [
    'not run here',
    'its package installs the console script bin/aider, which the Python of its environment runs; python -m aider is the same',
  ],
  marks: [
    { exe: PYTHONS, script: linksTo('aider'), says: 'aider script' },
    { exe: PYTHONS, module: ['aider', 'aider.*'], says: 'aider module' },
  ],
  basenames: PYTHONS,
  parents: [],
};
