import {
  processId,
  type Command,
  type ProcessId,
  type RegistrationReply,
  type Value,
} from '../event/index.js';

/** What one input leads to: what is now known, and what the world is asked for, each in order. */
export interface Step {
  readonly values: readonly Value[];
  readonly commands: readonly Command[];
  /** What a registration is answered; of an input that was one. */
  readonly reply?: RegistrationReply;
}

/** Where every stage puts what it says. */
export class Output {
  #values: Value[] = [];
  #commands: Command[] = [];
  #reply: RegistrationReply | null = null;

  value(...values: readonly Value[]): void {
    this.#values.push(...values);
  }

  command(...commands: readonly Command[]): void {
    this.#commands.push(...commands);
  }

  /** Takes back what this input asked for. Gives what it was. */
  withdraw(isVain: (command: Command) => boolean): readonly Command[] {
    const vain = this.#commands.filter(isVain);
    if (vain.length > 0) this.#commands = this.#commands.filter((command) => !isVain(command));
    return vain;
  }

  reply(reply: RegistrationReply): void {
    this.#reply = reply;
  }

  /**
   * Verdicts go first: until its own a process is not read, and what else is asked for may take milliseconds. Before them only
   * what ends a lineage whose root begins another in the same step.
   */
  take(): Step {
    const commands = inOrder(this.#commands);
    const step = {
      values: this.#values,
      commands,
      ...(this.#reply === null ? {} : { reply: this.#reply }),
    };
    this.#reply = null;
    this.#values = [];
    this.#commands = [];
    return step;
  }
}

function inOrder(commands: readonly Command[]): readonly Command[] {
  const begun = new Set<ProcessId>();
  const first = new Set<Command>();
  for (const command of commands.toReversed()) {
    if (command.do === 'verdict' && command.verdict === 'agent') begun.add(processId(command.root));
    else if (command.do !== 'verdict' && command.do !== 'release') continue;
    else if (begun.has(processId(command.root))) first.add(command);
  }
  const verdicts = commands.filter((one) => one.do === 'verdict' && !first.has(one));
  const others = commands.filter((one) => one.do !== 'verdict' && !first.has(one));
  return [...commands.filter((one) => first.has(one)), ...verdicts, ...others];
}
