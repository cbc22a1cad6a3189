import type { Command, RegistrationReply, Value } from '../event/index.js';

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

  /** Verdicts go first: until its own a process is not read, and what else is asked for may take milliseconds. */
  take(): Step {
    const verdicts = this.#commands.filter((command) => command.do === 'verdict');
    const others = this.#commands.filter((command) => command.do !== 'verdict');
    const step = {
      values: this.#values,
      commands: [...verdicts, ...others],
      ...(this.#reply === null ? {} : { reply: this.#reply }),
    };
    this.#reply = null;
    this.#values = [];
    this.#commands = [];
    return step;
  }
}
