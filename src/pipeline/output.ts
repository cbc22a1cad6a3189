import type { Command, Value } from '../event/index.js';

/** What one input leads to: what is now known, and what the world is asked for, each in order. */
export interface Step {
  readonly values: readonly Value[];
  readonly commands: readonly Command[];
}

/** Where every stage puts what it says. */
export class Output {
  #values: Value[] = [];
  #commands: Command[] = [];

  value(...values: readonly Value[]): void {
    this.#values.push(...values);
  }

  command(...commands: readonly Command[]): void {
    this.#commands.push(...commands);
  }

  /** Verdicts go first: until its own a process is not read, and what else is asked for may take milliseconds. */
  take(): Step {
    const verdicts = this.#commands.filter((command) => command.do === 'verdict');
    const others = this.#commands.filter((command) => command.do !== 'verdict');
    const step = { values: this.#values, commands: [...verdicts, ...others] };
    this.#values = [];
    this.#commands = [];
    return step;
  }
}
