import type { Origin, PipelineSettings, ProcessFact, ProcessKey, ImageId } from '../event/index.js';
import { AgentBook } from './agent-book.js';
import type { Agent, Decision, RegistryStats } from './decision.js';
import { identify, type Identity, type Known, looksOf, runningOfSubject } from './identify.js';
import { Images } from './images.js';
import { judgeNested, type Nested } from './nested.js';
import { basename } from './paths.js';
import type { Decided } from './questions.js';
import { refused, type Registered } from './registration.js';
import type { Answered, SeedWalk } from './seed-walk.js';
import { bareSubject, type Subject, withFact } from './subject.js';
import { Users } from './users.js';
import { WatchedRoots } from './watched-roots.js';

/** Agents of their own below one at the top, those that ended in the last 30 s among them. */
const NESTED_MAX = 1024;
const REGISTERED_BELOW_MAX = 64;
const REGISTERED_MAX = 4096;

export type RootState = 'unknown' | 'pending' | 'agent' | 'watched' | 'stranger';

/** What roots and seeds turned out to be, and what was learnt on the way. */
export class Standing {
  readonly book = new AgentBook();
  readonly users = new Users();
  readonly images = new Images();
  readonly watched = new WatchedRoots();
  readonly #settings: PipelineSettings;
  readonly #seeds: SeedWalk;
  #nestedRefused = 0;
  #registrationsRefused = 0;

  constructor(settings: PipelineSettings, seeds: SeedWalk) {
    this.#settings = settings;
    this.#seeds = seeds;
  }

  stateOf(root: ProcessKey): RootState {
    if (this.book.get(root) !== null) return 'agent';
    if (this.watched.get(root) !== null) return 'watched';
    return this.book.isStranger(root) ? 'stranger' : 'unknown';
  }

  withImage = (subject: Subject): Subject =>
    subject.image === null ? { ...subject, image: this.images.of(subject.file) } : subject;

  root({ subject, origin, answer }: Decided<Known>): Decision[] {
    const { key } = subject;
    if (answer.who === 'agent') return this.agent(key, answer.identity, origin, false);
    if (answer.interpreter && this.#settings.inference) return this.#watch(subject);
    return [this.#stranger(key)];
  }

  inner({ subject, origin, answer }: Decided<Nested>, bootstrap = false): Decision[] {
    switch (answer.is) {
      case 'same':
        return [];
      case 'named':
        return [this.#named(answer.identity)].flatMap((agent) =>
          agent === null ? [] : [this.known(agent)],
        );
      case 'other':
        return this.#hasRoom(answer.identity)
          ? this.agent(subject.key, answer.identity, origin, bootstrap)
          : [];
    }
  }

  agent(root: ProcessKey, identity: Identity, origin: Origin, bootstrap: boolean): Decision[] {
    return [this.known({ ...identity, root, origin, bootstrap })];
  }

  known(agent: Agent): Decision {
    const { root } = agent;
    this.watched.forget(root);
    this.book.add(agent);
    this.#seeds.join(root, root);
    return { verdict: 'agent', root, agent };
  }

  /** What a registration comes to, if there is room for it. */
  admitted(registered: Registered, current: Agent | null): Registered {
    const { agent, reply } = registered;
    const full = agent === null ? null : this.#fullFor(agent, current);
    if (!reply.ok || full !== null) this.#registrationsRefused += 1;
    return full === null ? registered : refused(full);
  }

  /** A file about which a rule asks what it holds, before a process of long ago can be decided. */
  imageNeeded(fact: ProcessFact): ImageId | null {
    const subject = this.withImage(withFact(bareSubject(fact.key), fact));
    const known = identify(subject, this.#settings, false);
    return known.who === 'unknown' && known.needs === 'image' ? subject.file : null;
  }

  /** A process that existed before, whose parent and root are decided. */
  seed(answered: Answered): Decision[] {
    const { event, fact } = answered;
    const { key, parent, origin } = event;
    const above = this.#lineageAbove(answered);
    if (above !== null) this.#seeds.join(key, above, answered);
    if (fact.gone) return [{ verdict: 'foreign', key }];
    const subject = this.withImage(withFact(bareSubject(key), fact));
    if (above !== null) {
      const inner = this.#innerSeed(answered, subject, above);
      if (inner.length > 0) return inner;
      return [{ verdict: 'member', key, parent, root: above }];
    }
    const found = identify(subject, this.#settings, true);
    if (found.who === 'agent') {
      const decisions = this.agent(key, found.identity, origin, true);
      this.#seeds.join(key, key, answered);
      return decisions;
    }
    const isWatchable = found.who === 'stranger' && found.interpreter && this.#settings.inference;
    return isWatchable ? this.#watch(subject) : [{ verdict: 'foreign', key }];
  }

  /** Agents that another daemon has known. */
  resume(agents: readonly Agent[]): readonly Agent[] {
    for (const agent of agents) {
      this.book.add(agent);
      this.#seeds.join(agent.root, agent.root);
    }
    return agents;
  }

  ended(root: ProcessKey, nowNs: bigint): void {
    this.watched.forget(root);
    this.book.ended(root, nowNs);
  }

  stats(): Omit<RegistryStats, 'pending' | 'seeds' | 'verdictTimeouts' | 'pendingRefused'> {
    return {
      ...this.book.stats(),
      ...this.watched.stats(),
      nestedRefused: this.#nestedRefused,
      registered: this.#registered().length,
      registrationsRefused: this.#registrationsRefused,
    };
  }

  #watch(subject: Subject): Decision[] {
    const { key: root, uid } = subject;
    const { exe, script, module } = runningOfSubject(subject);
    const name = module === '' ? basename(script === '' ? exe : script) : module;
    const gone = this.watched.add({ root, exe, uid, name, looks: looksOf(subject) });
    const watched: Decision = { verdict: 'watched', root };
    return gone === null ? [watched] : [watched, this.#stranger(gone)];
  }

  #stranger(root: ProcessKey): Decision {
    this.watched.forget(root);
    this.book.addStranger(root);
    return { verdict: 'stranger', root };
  }

  #hasRoom({ info: { under } }: Identity): boolean {
    if (under === undefined || this.book.countBelow(under.root.session) < NESTED_MAX) return true;
    this.#nestedRefused += 1;
    return false;
  }

  /** The agent of that session, by another identity. null: it has ended. */
  #named(identity: Identity): Agent | null {
    const { session } = identity.info;
    const agent = this.book.living().find(({ info }) => info.session === session);
    if (agent === undefined) return null;
    const evidence = [...identity.evidence, ...agent.evidence];
    return { ...agent, ...identity, evidence, root: agent.root };
  }

  #fullFor(agent: Agent, current: Agent | null): string | null {
    const registered = this.#registered();
    if (registered.length >= REGISTERED_MAX) {
      return `${REGISTERED_MAX} registered agents live on this machine, and no more are taken`;
    }
    const { under } = agent.info;
    if (under === undefined || agent.root === current?.root) return null;
    const { session } = under.root;
    const count = registered.filter(({ info }) => info.under?.root.session === session).length;
    if (count < REGISTERED_BELOW_MAX && this.book.countBelow(session) < NESTED_MAX) return null;
    return `${count} agents have registered below ${under.root.id}, and no more are taken`;
  }

  #registered(): readonly Agent[] {
    return this.book.living().filter(({ info }) => info.assurance === 'bound');
  }

  #innerSeed({ event }: Answered, subject: Subject, root: ProcessKey): Decision[] {
    const current = this.book.get(root);
    if (current === null) return [];
    const place = { current, above: this.#seeds.imagesAbove(event, root) };
    const answer = judgeNested(subject, place, this.#settings, true);
    if ('needs' in answer || answer.is !== 'other') return [];
    const decided = { outcome: 'decided', subject, origin: event.origin, answer } as const;
    return this.inner(decided, true);
  }

  /** The parent's, when that is an agent's inside the one the kernel knows of. */
  #lineageAbove({ event }: Answered): ProcessKey | null {
    const { ofParent, ofKernel } = this.#seeds.lineagesAbove(event);
    const parents = ofParent ?? this.book.get(event.parent)?.root ?? null;
    if (ofKernel === null || parents === null) return ofKernel ?? parents;
    const inner = this.book.get(parents)?.info.under;
    const outer = this.book.get(ofKernel)?.info;
    const isInside =
      inner?.root.session === (outer?.under?.root.session ?? outer?.session) &&
      (inner?.depth ?? 0) > (outer?.under?.depth ?? 0);
    return isInside ? parents : ofKernel;
  }
}
