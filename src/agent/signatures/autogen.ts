import { PYTHONS } from '../running.js';
import { linksTo, type Signature } from '../signature.js';
import { IMPORTS_UNSEEN } from './imports-unseen.js';

/** AutoGen Studio and the modules of AutoGen that can be run. */
export const autogen: Signature = {
  name: 'autogen',
  kind: 'framework',
  verified: false,
  evidence: ['not run here', 'autogenstudio installs bin/autogenstudio', IMPORTS_UNSEEN],
  marks: [
    { exe: PYTHONS, script: linksTo('autogenstudio'), says: 'AutoGen Studio' },
    {
      exe: PYTHONS,
      module: ['autogen', 'autogen.*', 'autogen_*', 'autogenstudio*'],
      says: 'AutoGen module',
    },
  ],
  basenames: PYTHONS,
  parents: [],
};
