import type { HostPort } from '../event/index.js';
import { Containers } from './container.js';
import { type ExactKeys, keysByTick } from './exact-keys.js';
import { Images } from './image.js';
import { listenerFact } from './listener.js';
import { namedFact } from './named.js';
import { processFact } from './process-fact.js';
import { SiteFinder } from './sites.js';
import { SocketTables } from './socket-tables.js';
import { socketsFact } from './sockets.js';
import { openStack, processStacks, systemStacks } from './stacks.js';
import { TimeBudget } from './time-budget.js';
import { unixPeerFact } from './unix-peer.js';
import { Users } from './users.js';

export interface HostOptions {
  /** The kernel's exact keys; without it answers about others hold start times as exact as `/proc`, 10 ms. */
  readonly exactKeys?: ExactKeys;
}

/** The host as it is seen from this process. Facts about other users' processes need CAP_SYS_PTRACE. */
export const openHost = ({ exactKeys = keysByTick }: HostOptions = {}): HostPort => {
  const users = new Users();
  const containers = new Containers();
  const searches = new TimeBudget();
  const finder = new SiteFinder();
  const images = new Images();
  const sockets = new SocketTables();
  return {
    processFact: (key, env, ranAt) => processFact(key, { env, ranAt }, { users, containers }),
    stacksFact: (key) => (key === null ? systemStacks(finder) : processStacks(key, finder)),
    listenerFact: (question) => listenerFact(question, users),
    userFact: (uid) => ({ fact: 'user', uid, user: users.name(uid) }),
    openStack,
    imageFact: (question) => images.fact(question),
    unixPeerFact: (question) => unixPeerFact(question, exactKeys, searches),
    namedFact: (names) => namedFact(names, exactKeys, searches),
    socketsFact: (key) => socketsFact(key, sockets),
  };
};
