import {
  stackId,
  type Command,
  type FilesFact,
  type HitsFact,
  type ProbesFact,
  type ProcessId,
  type TlsLibrary,
  type FileId,
} from '../event/index.js';
import { processId } from '../event/index.js';
import { type Attachment } from './attachment.js';
import type { Attachments } from './attachments.js';
import type { CoverageChange } from './coverage.js';
import { Guard, type GuardStep } from './guard.js';
import type { Reduced } from './guard-hits.js';
import type { Tampered } from './guard-probes.js';
import { retellAll } from './judge.js';
import type { Lookups } from './lookups.js';
import type { WatchedProcesses } from './watched-processes.js';

/** A look-up that was refused, because a process had used up its share, is asked for again. */
const AGAIN_NS = 1_000_000_000n;
/** What holds no such stack any more is not asked for for ever. */
const TRIES_MAX = 8;

export interface GuardedStep {
  readonly commands: readonly Command[];
  readonly coverage: readonly CoverageChange[];
  readonly tampered: readonly Tampered[];
  readonly reduced: readonly Reduced[];
}

export type GuardFact = ProbesFact | FilesFact | HitsFact;

/** What the guard finds becomes what is wanted of the attachments, and what can be read of processes. */
export class GuardedStacks {
  readonly #guard = new Guard();
  readonly #attachments: Attachments;
  readonly #processes: WatchedProcesses;
  readonly #lookups: Lookups;
  readonly #attached: () => readonly Attachment[];
  /** Rewritten stacks, and when they are looked up again. */
  readonly #stale = new Map<string, { dueNs: bigint; tries: number }>();
  #nowNs = 0n;

  constructor(attachments: Attachments, processes: WatchedProcesses, lookups: Lookups) {
    this.#attachments = attachments;
    this.#processes = processes;
    this.#lookups = lookups;
    this.#attached = () => attachments.attached();
  }

  tick(nowNs: bigint): GuardedStep {
    this.#nowNs = nowNs;
    return this.#carryOut(this.#guard.tick(nowNs, this.#attached));
  }

  fact(fact: GuardFact): GuardedStep {
    return this.#carryOut(this.#guard.fact(fact, this.#attached));
  }

  stats(): ReturnType<Guard['stats']> {
    return this.#guard.stats();
  }

  #carryOut({ tampered, mended, reduced, ...step }: GuardStep): GuardedStep {
    const commands = [...step.commands];
    const touched = new Set<ProcessId>();
    const touch = (one: Attachment): void => {
      for (const id of one.users.keys()) touched.add(id);
    };
    for (const one of tampered) {
      this.#find(one)?.tampered.add(processId(one.key));
      touched.add(processId(one.key));
    }
    for (const one of mended) {
      this.#find(one)?.tampered.delete(processId(one.key));
      touched.add(processId(one.key));
    }
    for (const { stack } of reduced) {
      const one = this.#find(stack);
      if (one === undefined) continue;
      commands.push(...this.#attachments.hold(one, 'reduced'));
      touch(one);
    }
    for (const stack of step.resumed) {
      const one = this.#find(stack);
      if (one?.held === 'reduced') commands.push(...this.#attachments.release(one));
    }
    commands.push(...this.#rewritten(step.rewritten), ...this.#renew());
    if (step.systemChanged) commands.push({ do: 'look_up_stacks', key: null });
    return {
      commands,
      coverage: retellAll(touched, this.#processes, this.#attachments),
      tampered,
      reduced,
    };
  }

  /** Their probes stand on arbitrary instructions of other code: nothing is as urgent. */
  #rewritten(files: readonly FileId[]): Command[] {
    const isOf = ({ stack }: Attachment): boolean =>
      files.some(({ dev, inode }) => stack.file.dev === dev && stack.file.inode === inode);
    return files.length === 0
      ? []
      : this.#attached()
          .filter(isOf)
          .flatMap((one) => {
            this.#stale.set(stackId(one.stack), { dueNs: this.#nowNs, tries: 0 });
            return this.#attachments.hold(one, 'rewritten');
          });
  }

  #renew(): Command[] {
    const commands: Command[] = [];
    for (const [id, stale] of this.#stale) {
      const one = this.#attachments.get(id);
      if (one?.held !== 'rewritten' || stale.tries === TRIES_MAX) this.#stale.delete(id);
      else if (this.#nowNs >= stale.dueNs) {
        stale.dueNs = this.#nowNs + AGAIN_NS;
        stale.tries += 1;
        commands.push(...this.#lookUp(one));
      }
    }
    return commands;
  }

  #lookUp({ users }: Attachment): Command[] {
    const asked = [...users.keys()].flatMap((id) => {
      const process = this.#processes.byId(id);
      return process === undefined ? [] : this.#lookups.ask(process, this.#nowNs);
    });
    // Of the system's libraries, which are wanted also while nobody maps them.
    return [...asked, { do: 'look_up_stacks', key: null }];
  }

  #find(stack: { readonly file: FileId; readonly library: TlsLibrary }): Attachment | undefined {
    return this.#attachments.get(stackId(stack));
  }
}
