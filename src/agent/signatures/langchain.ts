import { PYTHONS } from '../running.js';
import { linksTo, type Signature } from '../signature.js';
import { IMPORTS_UNSEEN } from './imports-unseen.js';

/** The commands of LangChain and LangGraph that run what somebody wrote for them. */
export const langchain: Signature = {
  name: 'langchain',
  kind: 'framework',
  verified: false,
  evidence: [
    'not run here',
    'langgraph-cli installs bin/langgraph, whose dev and up run what langgraph.json names; langchain-cli installs bin/langchain',
    IMPORTS_UNSEEN,
  ],
  marks: [
    {
      exe: PYTHONS,
      script: [...linksTo('langgraph'), ...linksTo('langchain')],
      command: ['dev', 'up', 'serve'],
      says: 'LangChain command',
    },
    { exe: PYTHONS, module: ['langchain*', 'langgraph*'], says: 'LangChain module' },
  ],
  basenames: PYTHONS,
  parents: [],
};
