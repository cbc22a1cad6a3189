import {
  processId,
  type Command,
  type ProcessId,
  type ProcessKey,
  type StacksFact,
} from '../event/index.js';
import type { Output } from './output.js';

type StackQuestion = Command & { readonly do: 'look_up_stacks' };

/**
 * Processes that ended in the batch in which they executed something: most programs a build runs. The host would open
 * /proc only to find them gone, so that answer is given here.
 */
export class BriefLives {
  readonly #ended = new Set<ProcessId>();

  ended(key: ProcessKey): void {
    this.#ended.add(processId(key));
  }

  /** The batch is over: what it asked of processes that ended in it is answered. */
  answers(output: Output): readonly StacksFact[] {
    if (this.#ended.size === 0) return [];
    const vain = output.withdraw(
      (command) => isAboutStacks(command) && this.#ended.has(processId(command.key)),
    );
    this.#ended.clear();
    return vain.flatMap((command) =>
      isAboutStacks(command)
        ? [
            {
              fact: 'stacks',
              key: command.key,
              gone: true,
              stacks: [],
              pending: false,
              unreadable: [],
            },
          ]
        : [],
    );
  }
}

const isAboutStacks = (command: Command): command is StackQuestion & { readonly key: ProcessKey } =>
  command.do === 'look_up_stacks' && command.key !== null;
