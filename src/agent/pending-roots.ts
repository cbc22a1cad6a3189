import {
  processId,
  type Command,
  type Origin,
  type PipelineSettings,
  type ProcessFact,
  type ProcessId,
  type ProcessKey,
  type UserFact,
} from '../event/index.js';
import { type Identity, identify } from './identify.js';
import { type Subject, withFact } from './subject.js';

const PENDING_MAX = 4096;
/** A root without a verdict is settled with what is known when this has passed. */
const VERDICT_NS = 1_000_000_000n;

interface Pending {
  subject: Subject;
  origin: Origin;
  readonly sinceNs: bigint;
  /** Look-ups not answered yet: the answer to an earlier one is about an earlier image. */
  awaited: number;
}

export type Outcome =
  | {
      readonly outcome: 'decided';
      readonly root: ProcessKey;
      readonly origin: Origin;
      readonly identity: Identity | null;
    }
  | { readonly outcome: 'ask'; readonly command: Command };

/** Roots that wait for a verdict. Most are decided by their exec alone and never stay here. */
export class PendingRoots {
  readonly #settings: PipelineSettings;
  readonly #envNames: readonly string[];
  readonly #pending = new Map<ProcessId, Pending>();
  #timeouts = 0;
  #refused = 0;

  constructor(settings: PipelineSettings, envNames: readonly string[]) {
    this.#settings = settings;
    this.#envNames = envNames;
  }

  has(root: ProcessKey): boolean {
    return this.#pending.has(processId(root));
  }

  /** The root executed something: only the last image before the verdict counts. */
  ask(subject: Subject, origin: Origin): Outcome {
    const id = processId(subject.key);
    const known = this.#pending.get(id);
    if (known === undefined && this.#pending.size >= PENDING_MAX) {
      this.#refused += 1;
      return { outcome: 'decided', root: subject.key, origin, identity: null };
    }
    const pending = known ?? { subject, origin, sinceNs: origin.bootNs, awaited: 0 };
    pending.subject = subject;
    pending.origin = origin;
    this.#pending.set(id, pending);
    return this.#decide(pending, false);
  }

  process(fact: ProcessFact): Outcome[] {
    const pending = this.#pending.get(processId(fact.key));
    if (pending === undefined) return [];
    pending.awaited -= 1;
    if (fact.gone) return [this.#decide(pending, true)];
    if (pending.awaited > 0) return [];
    pending.subject = withFact(pending.subject, fact);
    return [this.#decide(pending, false)];
  }

  user({ uid, user }: UserFact): Outcome[] {
    return [...this.#pending.values()]
      .filter(({ subject }) => subject.uid === uid && subject.user === null)
      .map((pending) => {
        pending.subject = { ...pending.subject, user };
        return this.#decide(pending, false);
      });
  }

  tick(nowNs: bigint): Outcome[] {
    const late = [...this.#pending.values()].filter((one) => nowNs - one.sinceNs >= VERDICT_NS);
    this.#timeouts += late.length;
    return late.map((pending) => this.#decide(pending, true));
  }

  forget(root: ProcessKey): void {
    this.#pending.delete(processId(root));
  }

  stats(): { pending: number; verdictTimeouts: number; pendingRefused: number } {
    return {
      pending: this.#pending.size,
      verdictTimeouts: this.#timeouts,
      pendingRefused: this.#refused,
    };
  }

  #decide(pending: Pending, final: boolean): Outcome {
    const { subject, origin } = pending;
    const found = identify(subject, this.#settings, final);
    if (found.who !== 'unknown') {
      this.forget(subject.key);
      const identity = found.who === 'agent' ? found.identity : null;
      return { outcome: 'decided', root: subject.key, origin, identity };
    }
    if (found.needs === 'user') {
      return { outcome: 'ask', command: { do: 'look_up_user', uid: subject.uid } };
    }
    pending.awaited += 1;
    const { key } = subject;
    return { outcome: 'ask', command: { do: 'look_up_process', key, env: this.#envNames } };
  }
}
