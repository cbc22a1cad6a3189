import {
  imageIdText,
  processId,
  type Command,
  type ImageFact,
  type Origin,
  type ProcessFact,
  type ProcessId,
  type ProcessKey,
  type UserFact,
} from '../event/index.js';
import type { Need } from './rule-match.js';
import { type Subject, withFact } from './subject.js';

const QUESTIONS_MAX = 4096;
/** What is not answered is settled with what is known when this has passed. */
const ANSWER_NS = 1_000_000_000n;

/** `final`: nothing more will come, so it must not need anything. */
export type Judge<A> = (subject: Subject, final: boolean) => A | { readonly needs: Need };

interface Question<A> {
  subject: Subject;
  origin: Origin;
  judge: Judge<A>;
  readonly sinceNs: bigint;
  /** Look-ups not answered yet: the answer to an earlier one is about an earlier image. */
  awaited: number;
}

export type Outcome<A> =
  | {
      readonly outcome: 'decided';
      readonly subject: Subject;
      readonly origin: Origin;
      readonly answer: A;
    }
  | { readonly outcome: 'ask'; readonly command: Command };

export type Decided<A> = Extract<Outcome<A>, { readonly outcome: 'decided' }>;

/** What is asked of the host beside a process's key. */
export interface Wanted {
  readonly envNames: readonly string[];
  readonly sha256: boolean;
}

/** Processes about which something must be found out first. Most are decided at once and never stay here. */
export class Questions<A extends object> {
  readonly #wanted: Wanted;
  readonly #open = new Map<ProcessId, Question<A>>();
  #timeouts = 0;
  #refused = 0;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  has(key: ProcessKey): boolean {
    return this.#open.has(processId(key));
  }

  /** The process executed something: only the last image before the answer counts. */
  ask(subject: Subject, origin: Origin, judge: Judge<A>): Outcome<A> {
    const id = processId(subject.key);
    const known = this.#open.get(id);
    if (known === undefined && this.#open.size >= QUESTIONS_MAX) {
      this.#refused += 1;
      return this.#decide({ subject, origin, judge, sinceNs: 0n, awaited: 0 }, true);
    }
    const question = known ?? { subject, origin, judge, sinceNs: origin.bootNs, awaited: 0 };
    Object.assign(question, { subject, origin, judge });
    this.#open.set(id, question);
    return this.#decide(question, false);
  }

  process(fact: ProcessFact): Outcome<A>[] {
    const question = this.#open.get(processId(fact.key));
    if (question === undefined) return [];
    // Somebody else's look-up, who did not ask for the environment.
    if (!fact.gone && fact.env === undefined && this.#wanted.envNames.length > 0) return [];
    question.awaited -= 1;
    if (fact.gone) return [this.#decide(question, true)];
    if (question.awaited > 0) return [];
    question.subject = withFact(question.subject, fact);
    return [this.#decide(question, false)];
  }

  user({ uid, user }: UserFact): Outcome<A>[] {
    return this.#learn(
      (subject) => subject.uid === uid && subject.user === null,
      (subject) => ({ ...subject, user }),
    );
  }

  image(fact: ImageFact): Outcome<A>[] {
    const id = imageIdText(fact.image);
    return this.#learn(
      ({ file, image }) => image === null && file !== null && imageIdText(file) === id,
      (subject) => ({ ...subject, image: fact }),
    );
  }

  tick(nowNs: bigint): Outcome<A>[] {
    const late = [...this.#open.values()].filter((one) => nowNs - one.sinceNs >= ANSWER_NS);
    this.#timeouts += late.length;
    return late.map((question) => this.#decide(question, true));
  }

  forget(key: ProcessKey): void {
    this.#open.delete(processId(key));
  }

  stats(): { open: number; timeouts: number; refused: number } {
    return { open: this.#open.size, timeouts: this.#timeouts, refused: this.#refused };
  }

  #learn(isAbout: (subject: Subject) => boolean, add: (subject: Subject) => Subject): Outcome<A>[] {
    return [...this.#open.values()]
      .filter(({ subject }) => isAbout(subject))
      .map((question) => {
        question.subject = add(question.subject);
        return this.#decide(question, false);
      });
  }

  #decide(question: Question<A>, final: boolean): Outcome<A> {
    const { subject, origin, judge } = question;
    const answer = judge(subject, final);
    if (!('needs' in answer)) {
      this.forget(subject.key);
      return { outcome: 'decided', subject, origin, answer };
    }
    if (answer.needs === 'process') question.awaited += 1;
    return { outcome: 'ask', command: this.#command(subject, answer.needs) };
  }

  #command({ key, uid, file, exe }: Subject, needs: Need): Command {
    const { envNames, sha256 } = this.#wanted;
    if (needs === 'user') return { do: 'look_up_user', uid };
    if (needs === 'process' || file === null) return { do: 'look_up_process', key, env: envNames };
    return { do: 'look_up_image', image: file, path: exe, through: key, sha256 };
  }
}
