import type { HostPort } from '../event/index.js';
import { listenerFact } from './listener.js';
import { processFact } from './process-fact.js';
import { SiteFinder } from './sites.js';
import { openStack, processStacks, systemStacks } from './stacks.js';
import { Users } from './users.js';

/** The host as it is seen from this process. Facts about other users' processes need CAP_SYS_PTRACE. */
export const openHost = (): HostPort => {
  const users = new Users();
  const finder = new SiteFinder();
  return {
    processFact: (key, env) => processFact(key, env, users),
    stacksFact: (key) => (key === null ? systemStacks(finder) : processStacks(key, finder)),
    listenerFact: (question) => listenerFact(question, users),
    userFact: (uid) => ({ fact: 'user', uid, user: users.name(uid) }),
    openStack,
  };
};
