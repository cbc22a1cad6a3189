import {
  fileIdText,
  type AttachFact,
  type Command,
  type CoverageInfo,
  type Origin,
  type ProcessKey,
  type StacksFact,
} from '../event/index.js';
import { Attachments } from './attachments.js';
import type { CoverageChange, StackStats, StackStep } from './coverage.js';
import { judgeCoverage } from './judge.js';
import { isRescanDue, replaceImage, takeToken, type WatchedProcess } from './watched-process.js';
import { WatchedProcesses } from './watched-processes.js';

/** Plaintext may come out of its ring after the exit came out of another. */
const REMEMBER_DEAD_NS = 2_000_000_000n;
const SCAN_NS = 500_000_000n;
const NOTHING: StackStep = { commands: [], coverage: [] };

/** What a flow says about the TLS of its process. */
export interface FlowShown {
  /** More is known of the peer than its address. */
  readonly named: boolean;
  readonly openedNs: bigint;
  /** It was opened while its root had no verdict. */
  readonly pending: boolean;
}

/** Which stacks the processes of agents have, and what of their TLS can be read. */
export class StackKeeper {
  readonly #attachments = new Attachments();
  readonly #processes = new WatchedProcesses();
  #nowNs = 0n;
  #nextScanNs = 0n;
  #lookups = 0;
  #lookupsRefused = 0;

  /** A process is now known to belong to an agent. `existedBefore`: it ran before the sensors or was adopted. */
  started(key: ProcessKey, origin: Origin, existedBefore: boolean): StackStep {
    this.#advance(origin.bootNs);
    if (this.#processes.get(key) !== undefined) return NOTHING;
    const process = this.#add(key, origin);
    process.existedBefore = existedBefore;
    return { commands: [...this.#systemOnce(), ...this.#lookUp(process)], coverage: [] };
  }

  /** A process of an agent forked: the child maps what its parent maps. */
  forked(parent: ProcessKey, child: ProcessKey, origin: Origin): StackStep {
    this.#advance(origin.bootNs);
    if (this.#processes.get(child) !== undefined) return NOTHING;
    const process = this.#add(child, origin);
    const from = this.#processes.get(parent);
    process.silent = true;
    process.unreadable = from?.unreadable ?? null;
    process.stacks = new Set(from?.stacks);
    const commands = this.#systemOnce();
    for (const id of process.stacks) {
      const stack = this.#attachments.get(id)?.stack;
      if (stack !== undefined) commands.push(...this.#attachments.use(stack, child, process.id));
    }
    return { commands, coverage: [] };
  }

  /** It runs a new program. Starts it when it was not known. */
  execed(key: ProcessKey, origin: Origin): StackStep {
    this.#advance(origin.bootNs);
    const process = this.#processes.get(key);
    if (process === undefined) return this.started(key, origin, false);
    this.#attachments.leave(process.stacks, process.id);
    replaceImage(process, origin);
    return { commands: this.#lookUp(process), coverage: [] };
  }

  ended(key: ProcessKey, origin: Origin): StackStep {
    this.#advance(origin.bootNs);
    const process = this.#processes.get(key);
    if (process === undefined || process.endedNs !== null) return NOTHING;
    process.origin = origin;
    this.#processes.end(process, origin);
    this.#attachments.leave(process.stacks, process.id);
    return NOTHING;
  }

  /** One of its flows was settled. */
  flow(key: ProcessKey, origin: Origin, { named, openedNs, pending }: FlowShown): StackStep {
    const process = this.#seen(key, origin);
    if (process === null) return NOTHING;
    process.firstFlowNs ??= openedNs;
    process.talkedPending ||= pending;
    process.named ||= named;
    const commands = process.stacks.size === 0 ? this.#lookUp(process) : [];
    return { commands, coverage: this.#judge(process) };
  }

  /** It sent a ClientHello. `named`: with SNI, or its flow has a name. */
  hello(key: ProcessKey, origin: Origin, named: boolean): StackStep {
    const process = this.#seen(key, origin);
    if (process === null) return NOTHING;
    process.hello = true;
    process.named ||= named;
    // A program may hold a second stack beside one we read, so a known one does not end the search.
    const commands = process.plaintext ? [] : this.#lookUp(process);
    return { commands, coverage: this.#judge(process) };
  }

  /** Plaintext of it arrived: the proof that a stack it uses is read. */
  plaintext(key: ProcessKey, origin: Origin): StackStep {
    const process = this.#seen(key, origin);
    if (process === null || process.plaintext) return NOTHING;
    process.plaintext = true;
    return { commands: [], coverage: this.#judge(process) };
  }

  fact(fact: StacksFact | AttachFact): StackStep {
    return fact.fact === 'stacks' ? this.#stacks(fact) : this.#attach(fact);
  }

  tick(bootNs: bigint): StackStep {
    this.#advance(bootNs);
    if (this.#nowNs < this.#nextScanNs) return NOTHING;
    this.#nextScanNs = this.#nowNs + SCAN_NS;
    const commands: Command[] = [];
    const coverage: CoverageChange[] = [];
    for (const process of this.#processes.all()) {
      if (process.endedNs === null) {
        if (process.stacks.size === 0 && isRescanDue(process, this.#nowNs)) {
          commands.push(...this.#lookUp(process));
        }
      } else if (this.#nowNs - process.endedNs >= REMEMBER_DEAD_NS) {
        coverage.push(...this.#bury(process));
      }
    }
    commands.push(...this.#attachments.tick(this.#nowNs, this.#processes.live > 0));
    return { commands, coverage };
  }

  coverageOf(key: ProcessKey): CoverageInfo | null {
    return this.#processes.get(key)?.coverage ?? null;
  }

  stats(): StackStats {
    const { attached, failed, refused } = this.#attachments.stats();
    return {
      ...this.#processes.stats(),
      attached,
      failed,
      lookups: this.#lookups,
      lookupsRefused: this.#lookupsRefused,
      filesRefused: refused,
    };
  }

  #advance(bootNs: bigint): void {
    if (bootNs > this.#nowNs) this.#nowNs = bootNs;
  }

  #seen(key: ProcessKey, origin: Origin): WatchedProcess | null {
    this.#advance(origin.bootNs);
    const process = this.#processes.get(key);
    if (process === undefined) return null;
    process.origin = origin;
    process.silent = false;
    return process;
  }

  #add(key: ProcessKey, origin: Origin): WatchedProcess {
    return this.#processes.add(key, origin, (evicted) => {
      this.#attachments.leave(evicted.stacks, evicted.id);
    });
  }

  /** With the first live agent: what lies in the system's library directories is read before anybody maps it. */
  #systemOnce(): Command[] {
    return this.#processes.live === 1 ? [{ do: 'look_up_stacks', key: null }] : [];
  }

  #lookUp(process: WatchedProcess): Command[] {
    if (process.lookingUp || process.endedNs !== null) return [];
    if (!takeToken(process, this.#nowNs)) {
      this.#lookupsRefused += 1;
      return [];
    }
    this.#lookups += 1;
    process.lookingUp = true;
    return [{ do: 'look_up_stacks', key: process.key }];
  }

  #stacks(fact: StacksFact): StackStep {
    if (fact.key === null) {
      return {
        commands: fact.stacks.flatMap((s) => this.#attachments.useAsSystem(s)),
        coverage: [],
      };
    }
    const process = this.#processes.get(fact.key);
    if (process === undefined) return NOTHING;
    process.lookingUp = false;
    const commands: Command[] = [];
    if (!fact.gone && process.endedNs === null) {
      for (const stack of fact.stacks) {
        process.stacks.add(fileIdText(stack.file));
        commands.push(...this.#attachments.use(stack, process.key, process.id));
      }
      const [unreadable] = fact.unreadable;
      if (unreadable) process.unreadable = `${unreadable.path}: ${unreadable.reason}`;
    }
    return { commands, coverage: this.#judge(process) };
  }

  #attach(fact: AttachFact): StackStep {
    const { file, commands } = this.#attachments.settle(fact);
    const users = file === null ? [] : [...file.users.keys()];
    const coverage = users.flatMap((id) => {
      const process = this.#processes.byId(id);
      return process === undefined ? [] : this.#judge(process);
    });
    return { commands, coverage };
  }

  #judge(process: WatchedProcess): CoverageChange[] {
    const coverage = judgeCoverage(process, this.#attachments);
    const before = process.coverage;
    if (
      coverage === null ||
      (before?.state === coverage.state && before.reason === coverage.reason)
    ) {
      return [];
    }
    process.coverage = coverage;
    process.changes += 1;
    const { key, origin, changes } = process;
    return [{ key, coverage, origin, number: changes }];
  }

  /** The last word on a process whose look-up never came back. */
  #bury(process: WatchedProcess): CoverageChange[] {
    process.lookingUp = false;
    const coverage = process.coverage === null ? this.#judge(process) : [];
    this.#processes.remove(process);
    return coverage;
  }
}
