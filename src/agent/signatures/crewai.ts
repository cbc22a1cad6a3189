import { PYTHONS } from '../running.js';
import { linksTo, type Signature } from '../signature.js';
import { IMPORTS_UNSEEN } from './imports-unseen.js';

/** CrewAI's own command. */
export const crewai: Signature = {
  name: 'crewai',
  kind: 'framework',
  verified: false,
  evidence: ['not run here', 'its package installs bin/crewai', IMPORTS_UNSEEN],
  marks: [
    {
      exe: PYTHONS,
      script: linksTo('crewai'),
      command: ['run', 'chat', 'train', 'test', 'replay', 'flow'],
      says: 'CrewAI command',
    },
    { exe: PYTHONS, module: ['crewai', 'crewai.*'], says: 'CrewAI module' },
  ],
  basenames: PYTHONS,
  parents: [],
};
