import {
  processId,
  type AgentNote,
  type Candidates,
  type EnvironmentNames,
  type ExecEvent,
  type ImageFact,
  type Origin,
  type PipelineSettings,
  type ProcessFact,
  type ProcessKey,
  type Registration,
  type RegistrationReply,
  type SeedEvent,
  type UserFact,
} from '../event/index.js';
import { readNotes } from './agent-note.js';
import { candidatesOf } from './candidates.js';
import type { Agent, Decision, RegistryStats, RegistryStep } from './decision.js';
import { environmentNames, namesOf } from './environment.js';
import { explainSubject, type ExplainLine } from './explain.js';
import { type Asked, handedOffAgent } from './handed-off.js';
import { identify, type Known } from './identify.js';
import { inferred } from './infer.js';
import { judgeNested, type Nested } from './nested.js';
import { type Outcome, Questions, type Wanted } from './questions.js';
import { judgeClaim } from './registration.js';
import type { Image } from './running.js';
import { type Answered, SeedWalk } from './seed-walk.js';
import { type RootState, Standing } from './standing.js';
import { joined, NOTHING, stepOf, stepWith } from './steps.js';
import { bareSubject, type Subject, subjectOfExec } from './subject.js';

/** Who is an agent. What it must know for that it asks for; what it learns settles roots. */
export class AgentRegistry {
  readonly #settings: PipelineSettings;
  readonly #wanted: Wanted;
  readonly #standing: Standing;
  readonly #seeds = new SeedWalk();
  /** Roots without a verdict. */
  readonly #roots: Questions<Known>;
  /** Processes inside a lineage that may be agents of their own. */
  readonly #inner: Questions<Nested>;

  constructor(settings: PipelineSettings) {
    this.#settings = settings;
    this.#standing = new Standing(settings, this.#seeds);
    const sha256 = settings.rules.some(({ match }) => match.sha256 !== undefined);
    this.#wanted = { envNames: namesOf(settings.rules), sha256 };
    this.#roots = new Questions(this.#wanted);
    this.#inner = new Questions(this.#wanted);
  }

  /** What the kernel must ask about. */
  candidates(): Candidates {
    return candidatesOf(this.#settings);
  }

  /** What the kernel must tell of environments. */
  environment(): EnvironmentNames {
    return environmentNames(this.#settings.rules);
  }

  stateOf(root: ProcessKey): RootState {
    const state = this.#standing.stateOf(root);
    return state !== 'agent' && this.#roots.has(root) ? 'pending' : state;
  }

  /** The agent of a root, up to 30 s after its last process ended. */
  agentOf(root: ProcessKey): Agent | null {
    return this.#standing.book.get(root);
  }

  agents(): readonly Agent[] {
    return this.#standing.book.living();
  }

  /** A root without a verdict executed something. */
  ask(exec: ExecEvent): RegistryStep {
    return this.#askRoot(this.#subjectOf(exec), exec.origin);
  }

  /** A root waits for its verdict and its exec was lost: the host must say what it runs. */
  askUnseen(root: ProcessKey, origin: Origin): RegistryStep {
    return this.#askRoot(bareSubject(root), origin);
  }

  /**
   * An exec inside an agent's lineage: does another agent begin? `above`: the images that lead to it, nearest first, up to
   * the agent's root: its own earlier ones, then its parent's. null: it stays the same agent's.
   */
  nested(exec: ExecEvent, current: Agent, above: readonly Image[]): RegistryStep | null {
    const outcome = this.#inner.ask(this.#subjectOf(exec), exec.origin, (subject, final) => {
      const now = this.agentOf(current.root) ?? current;
      return judgeNested(subject, { current: now, above }, this.#settings, final);
    });
    const isSame = outcome.outcome === 'decided' && outcome.answer.is === 'same';
    return isSame ? null : this.#settled([], [outcome]);
  }

  /** In a lineage that is nobody's something was executed: an agent by its looks? null: no. */
  alone(exec: ExecEvent): Decision | null {
    const answer = identify(this.#subjectOf(exec), this.#settings, true);
    if (answer.who !== 'agent') return null;
    return this.#standing.agent(exec.key, answer.identity, exec.origin, true)[0] ?? null;
  }

  /** A process asked on the governance socket to be known as an agent, in the lineage of `current`. */
  register(
    registration: Registration,
    current: Agent | null,
    subject: Subject | null,
  ): { readonly reply: RegistrationReply; readonly step: RegistryStep } {
    const known = subject === null ? null : this.#standing.withImage(subject);
    const claim = { registration, current, subject: known };
    const { reply, agent } = this.#standing.admitted(judgeClaim(claim, this.#settings), current);
    if (agent === null) return { reply, step: NOTHING };
    this.#roots.forget(agent.root);
    this.#inner.forget(agent.root);
    return { reply, step: stepWith([this.#standing.known(agent)]) };
  }

  /** A watched root spoke to a model's host. */
  infer(root: ProcessKey, origin: Origin, host: string, exe: string, uid: number): RegistryStep {
    if (this.stateOf(root) === 'agent' || this.#roots.has(root)) return NOTHING;
    const watched = this.#standing.watched.get(root);
    const known = { exe: watched?.exe ?? exe, uid: watched?.uid ?? uid };
    const user = this.#standing.users.nameOf(known.uid);
    const subject = { ...bareSubject(root), ...known, exeTruncated: false, user };
    const judge = (one: Subject, final: boolean) =>
      inferred(one, { host, watched }, this.#settings, final);
    return this.#settled([this.#roots.ask(subject, origin, judge)]);
  }

  /** Somebody runs this for an agent that had asked for it. `began`: the root, or its exec. */
  handedOff(
    began: ExecEvent | { readonly root: ProcessKey; readonly origin: Origin },
    link: Asked,
  ) {
    const root = 'key' in began ? (began.root ?? began.key) : began.root;
    const isExec = 'key' in began && processId(root) === processId(began.key);
    this.#roots.forget(root);
    const subject = isExec ? this.#subjectOf(began) : null;
    const identity = handedOffAgent(root, subject, link, this.#settings);
    return stepWith(this.#standing.agent(root, identity, began.origin, !('key' in began)));
  }

  /** Every rule and signature: is it about this process, and why. */
  explain(subject: Subject): readonly ExplainLine[] {
    const known = this.#standing.withImage(subject);
    return explainSubject(known, this.#settings, this.agentOf(subject.key));
  }

  /** Agents of a daemon that was killed, as far as the configuration still knows them. Before the seeds. */
  resume(notes: readonly AgentNote[]): readonly Agent[] {
    return this.#standing.resume(readNotes(notes, this.#settings));
  }

  /** Processes that existed before the sensors. `nowNs`: CLOCK_BOOTTIME. */
  seeds(events: readonly SeedEvent[], nowNs: bigint): RegistryStep {
    const unknown = events.filter((event) => this.stateOf(event.key) === 'unknown');
    const keys = this.#seeds.add(unknown, nowNs);
    const env = this.#wanted.envNames;
    return { decisions: [], commands: keys.map((key) => ({ do: 'look_up_process', key, env })) };
  }

  fact(fact: ProcessFact | UserFact): RegistryStep {
    if (fact.fact === 'user') {
      this.#standing.users.learn(fact);
      return this.#settled(this.#roots.user(fact), this.#inner.user(fact));
    }
    const step = this.#settled(this.#roots.process(fact), this.#inner.process(fact));
    return joined(step, this.#seedFact(fact));
  }

  image(fact: ImageFact): RegistryStep {
    this.#standing.images.learn(fact);
    const seeds = this.#seeds.image(fact).flatMap((one) => this.#seed(one));
    return this.#settled(this.#roots.image(fact), this.#inner.image(fact), seeds);
  }

  /** Settles what waited too long, and forgets agents that ended 30 s ago. */
  tick(nowNs: bigint): RegistryStep {
    this.#standing.book.tick(nowNs);
    const seeds = this.#seeds.tick(nowNs).flatMap((one) => this.#seed(one));
    return this.#settled(this.#roots.tick(nowNs), this.#inner.tick(nowNs), seeds);
  }

  /** The last process of a lineage ended. */
  ended(root: ProcessKey, nowNs: bigint): void {
    this.#standing.ended(root, nowNs);
  }

  stats(): RegistryStats {
    const roots = this.#roots.stats();
    const inner = this.#inner.stats();
    return {
      ...this.#standing.stats(),
      pending: roots.open + inner.open,
      verdictTimeouts: roots.timeouts + inner.timeouts,
      pendingRefused: roots.refused + inner.refused,
      seeds: this.#seeds.size,
    };
  }

  #subjectOf(exec: ExecEvent): Subject {
    const subject = subjectOfExec(exec, this.#standing.users.nameOf(exec.uid));
    return this.#standing.withImage(subject);
  }

  #askRoot(subject: Subject, origin: Origin): RegistryStep {
    const judge = (one: Subject, final: boolean) => identify(one, this.#settings, final);
    const step = this.#settled([this.#roots.ask(subject, origin, judge)]);
    const isWatched = step.decisions.some(({ verdict }) => verdict === 'watched');
    if (!isWatched || subject.user !== null) return step;
    // Whose it is must be known at once when it speaks to a model: it may end with that.
    return joined(step, { decisions: [], commands: [{ do: 'look_up_user', uid: subject.uid }] });
  }

  #settled(
    roots: readonly Outcome<Known>[],
    inner: readonly Outcome<Nested>[] = [],
    seeds: readonly Decision[] = [],
  ): RegistryStep {
    return joined(
      stepOf(roots, (decided) => this.#standing.root(decided)),
      stepOf(inner, (decided) => this.#standing.inner(decided)),
      stepWith(seeds),
    );
  }

  #seedFact(fact: ProcessFact): RegistryStep {
    const mayAsk = !fact.gone && this.#seeds.has(fact.key);
    const image = mayAsk ? this.#standing.imageNeeded(fact) : null;
    const decisions = this.#seeds.fact(fact, image).flatMap((one) => this.#seed(one));
    if (image === null) return stepWith(decisions);
    const { key: through, exe: path = '' } = fact;
    const question = { image, path, through, sha256: this.#wanted.sha256 };
    return { decisions, commands: [{ do: 'look_up_image', ...question }] };
  }

  #seed(answered: Answered): Decision[] {
    // It executed something since and was decided on that.
    if (this.stateOf(answered.event.key) !== 'unknown') return [];
    return this.#standing.seed(answered);
  }
}
