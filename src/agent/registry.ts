import type {
  AgentNote,
  Candidates,
  ExecEvent,
  Origin,
  PipelineSettings,
  ProcessFact,
  ProcessKey,
  SeedEvent,
  UserFact,
} from '../event/index.js';
import { AgentBook } from './agent-book.js';
import { readNote } from './agent-note.js';
import type { Agent, Decision, RegistryStats, RegistryStep } from './decision.js';
import { identify, type Identity } from './identify.js';
import { type Outcome, PendingRoots } from './pending-roots.js';
import { ruleCandidates } from './rule-match.js';
import { type Answered, SeedWalk } from './seed-walk.js';
import { SIGNATURES } from './signatures/index.js';
import { bareSubject, subjectOfExec, withFact } from './subject.js';
import { Users } from './users.js';

export type RootState = 'unknown' | 'pending' | 'agent' | 'stranger';

/** Who is an agent. What it must know for that it asks for; what it learns settles roots. */
export class AgentRegistry {
  readonly #settings: PipelineSettings;
  readonly #envNames: readonly string[];
  readonly #book = new AgentBook();
  readonly #users = new Users();
  readonly #seeds = new SeedWalk();
  readonly #pending: PendingRoots;

  constructor(settings: PipelineSettings) {
    this.#settings = settings;
    const names = settings.rules.flatMap(({ match }) => Object.keys(match.env ?? {}));
    this.#envNames = [...new Set(names)];
    this.#pending = new PendingRoots(settings, this.#envNames);
  }

  /** What the kernel must ask about. */
  candidates(): Candidates {
    const { basenames, parents, anyExec } = ruleCandidates(this.#settings.rules);
    const known = this.#settings.signatures ? SIGNATURES : [];
    return {
      basenames: [...new Set([...basenames, ...known.flatMap((one) => one.basenames)])],
      parents: [...new Set([...parents, ...known.flatMap((one) => one.parents)])],
      anyExec,
    };
  }

  stateOf(root: ProcessKey): RootState {
    if (this.#book.get(root) !== null) return 'agent';
    if (this.#pending.has(root)) return 'pending';
    return this.#book.isStranger(root) ? 'stranger' : 'unknown';
  }

  /** The agent of a root, up to 30 s after its last process ended. */
  agentOf(root: ProcessKey): Agent | null {
    return this.#book.get(root);
  }

  agents(): readonly Agent[] {
    return this.#book.living();
  }

  /** A root without a verdict executed something. */
  ask(exec: ExecEvent): RegistryStep {
    const subject = subjectOfExec(exec, this.#users.nameOf(exec.uid));
    return this.#step([this.#pending.ask(subject, exec.origin)]);
  }

  /** A root waits for its verdict and its exec was lost: the host must say what it runs. */
  askUnseen(root: ProcessKey, origin: Origin): RegistryStep {
    return this.#step([this.#pending.ask(bareSubject(root), origin)]);
  }

  /** Agents of a daemon that was killed, as far as the configuration still knows them. Before the seeds. */
  resume(notes: readonly AgentNote[]): readonly Agent[] {
    const agents = notes.flatMap((note) => readNote(note, this.#settings) ?? []);
    for (const agent of agents) {
      this.#book.add(agent);
      this.#seeds.join(agent.root, agent.root);
    }
    return agents;
  }

  /** Processes that existed before the sensors. `nowNs`: CLOCK_BOOTTIME. */
  seeds(events: readonly SeedEvent[], nowNs: bigint): RegistryStep {
    const unknown = events.filter((event) => this.stateOf(event.key) === 'unknown');
    const keys = this.#seeds.add(unknown, nowNs);
    const env = this.#envNames;
    return {
      decisions: [],
      commands: keys.map((key) => ({ do: 'look_up_process', key, env })),
    };
  }

  fact(fact: ProcessFact | UserFact): RegistryStep {
    if (fact.fact === 'user') {
      this.#users.learn(fact);
      return this.#step(this.#pending.user(fact));
    }
    return this.#step(this.#pending.process(fact), this.#seeds.fact(fact));
  }

  /** Settles what waited too long, and forgets agents that ended 30 s ago. */
  tick(nowNs: bigint): RegistryStep {
    this.#book.tick(nowNs);
    return this.#step(this.#pending.tick(nowNs), this.#seeds.tick(nowNs));
  }

  /** The last process of a lineage ended. */
  ended(root: ProcessKey, nowNs: bigint): void {
    this.#book.ended(root, nowNs);
  }

  stats(): RegistryStats {
    return { ...this.#book.stats(), ...this.#pending.stats(), seeds: this.#seeds.size };
  }

  #step(outcomes: readonly Outcome[], answered: readonly Answered[] = []): RegistryStep {
    const decisions = outcomes.flatMap((outcome) =>
      outcome.outcome === 'decided' ? [this.#decided(outcome)] : [],
    );
    const commands = outcomes.flatMap((outcome) =>
      outcome.outcome === 'ask' ? [outcome.command] : [],
    );
    return { decisions: [...decisions, ...answered.flatMap((one) => this.#seed(one))], commands };
  }

  #decided({ root, origin, identity }: Outcome & { outcome: 'decided' }): Decision {
    if (identity !== null) return this.#agent(root, identity, origin, false);
    this.#book.addStranger(root);
    return { verdict: 'stranger', root };
  }

  #seed({ event, fact }: Answered): Decision[] {
    const { key, parent } = event;
    // It executed something since and was decided on that.
    if (this.stateOf(key) !== 'unknown') return [];
    const above = this.#seeds.lineageAbove(event) ?? this.#book.get(parent)?.root ?? null;
    if (above !== null) this.#seeds.join(key, above);
    if (fact.gone) return [{ verdict: 'foreign', key }];
    if (above !== null) return [{ verdict: 'member', key, parent, root: above }];
    const found = identify(withFact(bareSubject(key), fact), this.#settings, true);
    if (found.who !== 'agent') return [{ verdict: 'foreign', key }];
    this.#seeds.join(key, key);
    return [this.#agent(key, found.identity, event.origin, true)];
  }

  #agent(root: ProcessKey, identity: Identity, origin: Origin, bootstrap: boolean): Decision {
    const agent: Agent = { ...identity, root, origin, bootstrap };
    this.#book.add(agent);
    return { verdict: 'agent', root, agent };
  }
}
