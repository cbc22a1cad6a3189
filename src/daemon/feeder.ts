import type {
  Command,
  HostFact,
  Input,
  PipelineSettings,
  Registration,
  RegistrationReply,
  Value,
} from '../event/index.js';
import { Evaluation } from '../evaluation.js';
import type { Journal } from '../journal/index.js';
import type { RecordBody } from '../record/index.js';
import type { Recorder } from '../recording/index.js';
import type { Storable } from '../redact/index.js';

interface Stages {
  readonly evaluation: Evaluation;
  readonly journal: Pick<Journal, 'append'>;
  readonly recorder: Recorder | null;
  readonly run: (command: Command) => HostFact | null;
  /** A record got its number. */
  readonly journaled?: (body: RecordBody, seq: bigint) => void;
}

/** `seq` null: the record is lost. */
type Told = (seq: bigint | null) => void;

type Answered = (reply: RegistrationReply) => void;

type Work =
  | { readonly input: Input; readonly answered?: Answered }
  | { readonly value: Value; readonly told: Told };

const nobody: Told = () => undefined;

const URGENT = new Set<Command['do']>([
  'verdict',
  'adopt',
  'remember',
  'release',
  'watch_relay',
  'end_relay',
]);

/** What the kernel's own decisions hang on, in its order: a release forgets what was remembered. Never answered. */
const isUrgent = ({ do: what }: Command): boolean => URGENT.has(what);

/**
 * The one order of everything: an input is recorded, evaluated, journaled and its commands carried out before the next
 * one, verdicts ahead of the journal; what a command answers comes behind what is already waiting.
 */
export class Feeder {
  #evaluation: Evaluation;
  readonly #stages: Stages;
  readonly #waiting: Work[] = [];
  #busy = false;

  constructor(stages: Stages) {
    this.#stages = stages;
    this.#evaluation = stages.evaluation;
  }

  get evaluation(): Evaluation {
    return this.#evaluation;
  }

  feed(input: Input): void {
    this.#work({ input });
  }

  /** Someone asks to be known as an agent; `answered` is called when the kernel and the journal have it. */
  register(registration: Registration, answered: Answered): void {
    this.#work({ input: { input: 'registration', registration }, answered });
  }

  /** Journals what the daemon says about itself; `told` its number, which may be after this returns. */
  say(value: Value, told: Told = nobody): void {
    this.#work({ value, told });
  }

  /** Goes on with other settings and empty tables: feed the processes there are next. */
  restart(settings: PipelineSettings): void {
    this.#stages.recorder?.write({ entry: 'settings', settings });
    this.#evaluation = new Evaluation(settings, this.#evaluation);
  }

  #work(work: Work): void {
    this.#waiting.push(work);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#one(next);
    } finally {
      this.#busy = false;
    }
  }

  #one(work: Work): void {
    const { recorder, run } = this.#stages;
    if ('value' in work) {
      recorder?.write({ entry: 'value', value: work.value });
      work.told(this.#journal([this.#evaluation.store(work.value)]));
      return;
    }
    // Before it is evaluated: the recording holds also the input that brought the daemon down.
    recorder?.write({ entry: 'input', input: work.input });
    const { storables, commands, reply } = this.#evaluation.step(work.input);
    // The kernel waits for what it is told of a process, and redaction takes longer than telling it.
    for (const command of commands) if (isUrgent(command)) run(command);
    this.#journal(storables);
    for (const command of commands) {
      const fact = isUrgent(command) ? null : run(command);
      if (fact !== null) this.#waiting.push({ input: { input: 'fact', fact } });
    }
    if (reply !== undefined) work.answered?.(reply);
  }

  /** The number of the last; null when it is lost. */
  #journal(storables: Iterable<Storable>): bigint | null {
    const lost: number[] = [];
    let index = 0;
    let seq: bigint | null = null;
    for (const storable of storables) {
      seq = this.#stages.journal.append(storable);
      if (seq === null) lost.push(index);
      else this.#stages.journaled?.(storable.body, seq);
      index += 1;
    }
    if (lost.length > 0) this.#stages.recorder?.write({ entry: 'lost', indexes: lost });
    return seq;
  }
}
