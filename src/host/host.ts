import type { HostFact, HostPort } from '../event/index.js';
import { attest } from './attest.js';
import { Containers } from './container.js';
import { type ExactKeys, keysByTick } from './exact-keys.js';
import { FileWatch } from './file-watch.js';
import { Images } from './image.js';
import { listenerFact } from './listener.js';
import { namedFact } from './named.js';
import { processFact } from './process-fact.js';
import { SocketTables } from './socket-tables.js';
import { socketsFact } from './sockets.js';
import { Resolver, type ResolverMemory } from './resolver.js';
import { openStack, Stacks } from './stacks.js';
import { TimeBudget } from './time-budget.js';
import { unixPeerFact } from './unix-peer.js';
import { Users } from './users.js';

export interface HostOptions {
  /** The kernel's exact keys; without it answers about others hold start times as exact as `/proc`, 10 ms. */
  readonly exactKeys?: ExactKeys;
  /** Is given the answers that take longer. */
  readonly later?: (fact: HostFact) => void;
  /** What large files hold, and those with a stack, over restarts. */
  readonly resolved?: ResolverMemory;
}

/** The host as it is seen from this process. Facts about other users' processes need CAP_SYS_PTRACE. */
export const openHost = ({
  exactKeys = keysByTick,
  later,
  resolved,
}: HostOptions = {}): HostPort => {
  const users = new Users();
  const containers = new Containers();
  const searches = new TimeBudget();
  const stacks = new Stacks(new Resolver(resolved), later ?? (() => undefined));
  if (later !== undefined) stacks.warm();
  const images = new Images();
  const sockets = new SocketTables();
  const files = new FileWatch();
  return {
    processFact: (key, env, ranAt) => processFact(key, { env, ranAt }, { users, containers }),
    stacksFact: (key) => (key === null ? stacks.ofSystem() : stacks.ofProcess(key)),
    listenerFact: (question) => listenerFact(question, users),
    userFact: (uid) => ({ fact: 'user', uid, user: users.name(uid) }),
    openStack,
    imageFact: (question) => images.fact(question),
    unixPeerFact: (question) => unixPeerFact(question, exactKeys, searches),
    namedFact: (names) => namedFact(names, exactKeys, searches),
    socketsFact: (key) => socketsFact(key, sockets),
    probesFact: (targets) => attest(targets),
    filesFact: (targets) => {
      const fact = files.look(targets);
      if (fact.answers.length > 0) stacks.forgetVersions();
      return fact;
    },
  };
};
