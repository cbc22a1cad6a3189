import { PYTHONS } from '../running.js';
import { linksTo, type Signature } from '../signature.js';

/** OpenHands: a Python package with a console script, or one file made of both. */
export const openhands: Signature = {
  name: 'openhands',
  kind: 'agent',
  verified: false,
  evidence: [
    'not run here',
    'docs.openhands.dev: `uv tool install openhands` gives bin/openhands, and so does the installer, as one file',
    'earlier versions start with python -m openhands.core.main or openhands.server',
  ],
  marks: [
    { exe: linksTo('openhands'), says: 'executable of OpenHands' },
    { exe: PYTHONS, script: linksTo('openhands'), says: 'OpenHands script' },
    { exe: PYTHONS, module: ['openhands', 'openhands.*'], says: 'OpenHands module' },
  ],
  basenames: ['openhands', ...PYTHONS],
  parents: [],
};
