import {
  processId,
  type Command,
  type ProcessId,
  type ProcessKey,
  type StacksFact,
  type TlsStack,
  stackId,
} from '../event/index.js';
import { type Attachments, OWNED_MAX } from './attachments.js';
import type { Exhausted } from './coverage.js';
import { addUnread, type WatchedProcess } from './watched-process.js';

const TOLD_MAX = 4096;
const REFUSED = {
  exhausted: `more than ${OWNED_MAX} stacks of one agent`,
  full: 'the table of stacks is full',
} as const;

export interface MappedStep {
  readonly commands: Command[];
  readonly exhausted?: Exhausted;
}

/** What processes map becomes what is wanted of the attachments, and what of it gets no probes is kept with its reason. */
export class Mapped {
  readonly #attachments: Attachments;
  readonly #rootOf: (key: ProcessKey) => ProcessKey | null;
  /** Agents of which it was said that they have used up their share of probes. */
  readonly #told = new Set<ProcessId>();
  #refused = 0;

  constructor(attachments: Attachments, rootOf: (key: ProcessKey) => ProcessKey | null) {
    this.#attachments = attachments;
    this.#rootOf = rootOf;
  }

  learn(process: WatchedProcess, { stacks, unreadable }: StacksFact): MappedStep {
    for (const { path, reason, library } of unreadable) {
      const why = library === undefined ? `unreadable: ${path}: ${reason}` : `refused: ${reason}`;
      this.#unread(process, path, library ?? '', why);
    }
    return this.use(process, stacks);
  }

  use(process: WatchedProcess, stacks: Iterable<TlsStack>): MappedStep {
    const { key, origin } = process;
    const root = processId(this.#rootOf(key) ?? key);
    const commands: Command[] = [];
    let exhausted: Exhausted | undefined;
    for (const stack of stacks) {
      const use = this.#attachments.use(stack, key, process.id, root);
      commands.push(...use.commands);
      if (use.refused === undefined) {
        process.stacks.set(stackId(stack), stack.path);
        continue;
      }
      this.#unread(process, stack.path, stack.library, `exhausted: ${REFUSED[use.refused]}`);
      if (this.#tell(root)) exhausted = { key, origin, path: stack.path, limit: OWNED_MAX };
    }
    return exhausted === undefined ? { commands } : { commands, exhausted };
  }

  /** Stacks of one process beyond those told of. */
  get refused(): number {
    return this.#refused;
  }

  /** True: it was not said yet. */
  #tell(root: ProcessId): boolean {
    if (this.#told.has(root)) return false;
    const [oldest] = this.#told;
    if (oldest !== undefined && this.#told.size >= TOLD_MAX) this.#told.delete(oldest);
    this.#told.add(root);
    return true;
  }

  #unread(process: WatchedProcess, path: string, library: string, reason: string): void {
    if (!addUnread(process, path, { library, reason })) this.#refused += 1;
  }
}
