import type { PipelineSettings, TrustedProxy } from '../event/index.js';
import { birthOf, type Known, unregisteredId } from './identify.js';
import { basename } from './paths.js';
import type { Need } from './rule-match.js';
import { sessionOf } from './session.js';
import type { Subject } from './subject.js';
import type { WatchedRoot } from './watched-roots.js';

/** What gave it away. */
export interface Behaviour {
  readonly host: string;
  /** null: who it is by its looks was forgotten. */
  readonly watched: WatchedRoot | null;
}

/** A program that speaks to a model is an agent, whatever it looks like. */
export function inferred(
  subject: Subject,
  { host, watched }: Behaviour,
  { bootId, defaultGovernance, proxies }: PipelineSettings,
  final: boolean,
): Known | { readonly needs: Need } {
  if (subject.user === null && !final) return { needs: 'user' };
  if (proxies.some((proxy) => isProxy(proxy, subject)))
    return { who: 'stranger', interpreter: false };
  const name = watched?.name ?? basename(subject.exe);
  const id = unregisteredId(subject.user, subject.uid, name);
  const looks = watched?.looks ?? [`executable ${subject.exe}`];
  return {
    who: 'agent',
    identity: {
      info: {
        id,
        name: basename(id),
        session: sessionOf(bootId, subject.key),
        assurance: 'inferred',
      },
      governance: defaultGovernance,
      evidence: [`it spoke to ${host}, a model's host`, ...looks],
      unsure: false,
      birth: birthOf(subject),
    },
  };
}

/** A trusted proxy speaks to models for others. It is known as its rule says: by account and file. */
const isProxy = ({ user, exe }: TrustedProxy, subject: Subject): boolean =>
  (user !== null || exe !== null) &&
  (user === null || user === subject.user) &&
  (exe === null || exe === subject.exe);
