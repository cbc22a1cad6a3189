import type {
  AttachFact,
  Command,
  CoverageInfo,
  ImageId,
  Origin,
  ProcessKey,
  StacksFact,
  TlsDataEvent,
} from '../event/index.js';
import type { Attachment } from './attachment.js';
import { Attachments } from './attachments.js';
import { takeBelief } from './belief.js';
import type {
  CoverageChange,
  CoverageRow,
  FlowShown,
  ReadStep,
  StackStats,
  StackStep,
} from './coverage.js';
import { GuardedStacks } from './guarded-stacks.js';
import { bestOf, isReadable, retell, retellAll, stacksOf } from './judge.js';
import { shownOf, type ShownStack } from './shown.js';
import { Lookups } from './lookups.js';
import { Mapped } from './mapped.js';
import { SelfCheck } from './self-check.js';
import { replaceImage, type WatchedProcess } from './watched-process.js';
import { WatchedProcesses } from './watched-processes.js';

const SCAN_NS = 500_000_000n;
const NOTHING: StackStep = { commands: [], coverage: [] };

/** Which stacks the processes of agents have, and what of their TLS can be read. */
export class StackKeeper {
  readonly #attachments = new Attachments();
  readonly #processes = new WatchedProcesses();
  readonly #check = new SelfCheck();
  readonly #lookups = new Lookups();
  readonly #mapped: Mapped;
  readonly guarded = new GuardedStacks(this.#attachments, this.#processes, this.#lookups);
  readonly #judge = (process: WatchedProcess) => retell(process, this.#attachments);
  #nowNs = 0n;
  #nextScanNs = 0n;

  /** `rootOf`: the first process of the agent whose process that is. */
  constructor(rootOf: (key: ProcessKey) => ProcessKey | null = (key) => key) {
    this.#mapped = new Mapped(this.#attachments, rootOf);
  }

  /** A process that ran before the sensors, or was adopted, is now known to belong to an agent. */
  started(key: ProcessKey, origin: Origin): StackStep {
    this.#advance(origin.bootNs);
    if (this.#processes.get(key) !== undefined) return NOTHING;
    const process = this.#add(key, origin);
    process.existedBefore = true;
    const asked = this.#lookups.ask(process, this.#nowNs);
    return { commands: [...this.#systemOnce(), ...asked], coverage: [] };
  }

  /** A process of an agent forked: the child maps what its parent maps. */
  forked(parent: ProcessKey, child: ProcessKey, origin: Origin): StackStep {
    this.#advance(origin.bootNs);
    if (this.#processes.get(child) !== undefined) return NOTHING;
    const process = this.#add(child, origin);
    const from = this.#processes.get(parent);
    process.silent = true;
    process.unread = new Map(from?.unread);
    const stacks =
      from === undefined
        ? []
        : stacksOf(from, this.#attachments).map(({ path, of }) => ({ ...of.stack, path }));
    const step = this.#mapped.use(process, stacks);
    return { ...step, commands: [...this.#systemOnce(), ...step.commands], coverage: [] };
  }

  /** It runs a new program. Starts it when it was not known. */
  execed(key: ProcessKey, origin: Origin, image: ImageId): StackStep {
    this.#advance(origin.bootNs);
    const known = this.#processes.get(key);
    const process = known ?? this.#add(key, origin);
    const first = known === undefined ? this.#systemOnce() : [];
    this.#attachments.leave(process.stacks.keys(), process.id);
    replaceImage(process, origin);
    const { stacks, commands } = this.#lookups.runs(process, image, this.#nowNs);
    const step = this.#mapped.use(process, stacks);
    return { ...step, commands: [...first, ...commands, ...step.commands], coverage: [] };
  }

  ended(key: ProcessKey, origin: Origin): StackStep {
    this.#advance(origin.bootNs);
    const process = this.#processes.get(key);
    if (process === undefined || process.endedNs !== null) return NOTHING;
    process.origin = origin;
    this.#processes.end(process, origin);
    this.#attachments.leave(process.stacks.keys(), process.id);
    return NOTHING;
  }

  /** One of its flows was settled. */
  flow(key: ProcessKey, origin: Origin, { named, openedNs, pending }: FlowShown): StackStep {
    const process = this.#seen(key, origin);
    if (process === null) return NOTHING;
    process.firstFlowNs ??= openedNs;
    process.talkedPending ||= pending;
    process.named ||= named;
    const commands = process.stacks.size === 0 ? this.#lookups.ask(process, this.#nowNs) : [];
    return { commands, coverage: this.#judge(process) };
  }

  /** It sent a ClientHello. `named`: with SNI, or its flow has a name. */
  hello(key: ProcessKey, origin: Origin, named: boolean): StackStep {
    const process = this.#seen(key, origin);
    if (process === null) return NOTHING;
    process.hello = true;
    process.named ||= named;
    // A program may hold a second stack beside one we read, and open it at any time.
    const commands = this.#lookups.ask(process, this.#nowNs);
    return { commands, coverage: this.#judge(process) };
  }

  /**
   * Plaintext of it arrived: the proof that a stack it uses is read, if it is what an application says. `openedNs`: asks
   * when the connection it goes over was opened by its process; null: not known.
   */
  plaintext(event: TlsDataEvent, openedNs: () => bigint | null): ReadStep {
    const { key, origin } = event;
    const verdict = this.#check.on(event, () => openedNs() !== null);
    const process = this.#seen(key, origin);
    if (process === null) return { ...NOTHING, believed: false };
    const heard = { verdict, event, process, openedNs };
    const { commands, believed, isFirst, about } = takeBelief(heard, this.#attachments);
    if (about !== null) return { commands, coverage: this.#judgeUsers(about), believed };
    return { commands, coverage: isFirst ? this.#judge(process) : [], believed };
  }

  free(key: ProcessKey, ssl: bigint): void {
    this.#check.free(key, ssl);
  }

  /** Something went over a connection of it that was not read: it may hold a stack that was not seen yet. */
  unexplained(key: ProcessKey): StackStep {
    const process = this.#processes.get(key);
    if (process === undefined) return NOTHING;
    return { commands: this.#lookups.ask(process, this.#nowNs), coverage: [] };
  }

  /** Has a stack of it been read since then, as far as probes can tell? */
  isReadable(key: ProcessKey, sinceNs: bigint): boolean {
    const process = this.#processes.get(key);
    return process !== undefined && isReadable(process, this.#attachments, sinceNs);
  }

  fact(fact: StacksFact | AttachFact): StackStep {
    return fact.fact === 'stacks' ? this.#stacks(fact) : this.#attach(fact);
  }

  tick(bootNs: bigint): StackStep {
    this.#advance(bootNs);
    const commands = this.#lookups.due(this.#nowNs);
    if (this.#nowNs < this.#nextScanNs) return { commands, coverage: [] };
    this.#nextScanNs = this.#nowNs + SCAN_NS;
    const { rescan, dead } = this.#processes.due(this.#nowNs);
    commands.push(...rescan.flatMap((process) => this.#lookups.ask(process, this.#nowNs)));
    const coverage = dead.flatMap((process) => this.#bury(process));
    commands.push(...this.#attachments.tick(this.#nowNs, this.#processes.live > 0));
    return { commands, coverage };
  }

  coverageOf(key: ProcessKey): CoverageInfo | null {
    const process = this.#processes.get(key);
    return process === undefined ? null : bestOf(process.rows);
  }

  /** For records of its TLS: of what was read the stack, `attachment`, else what is known of all of them. */
  shown(key: ProcessKey, attachment: number | null): ShownStack {
    return shownOf(this.#processes.get(key), attachment, this.#attachments);
  }

  /** Every stack of every living process of which something was told. */
  rows(): CoverageRow[] {
    return this.#processes.rows();
  }

  stats(): StackStats & { readonly check: ReturnType<SelfCheck['stats']> } {
    const { refused, ...attachments } = this.#attachments.stats();
    return {
      ...this.#processes.stats(),
      ...attachments,
      ...this.#lookups.stats(),
      filesRefused: refused,
      rowsRefused: this.#mapped.refused,
      check: this.#check.stats(),
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
      this.#attachments.leave(evicted.stacks.keys(), evicted.id);
    });
  }

  /** With the first live agent: what lies in the system's library directories is read before anybody maps it. */
  #systemOnce(): Command[] {
    return this.#processes.live === 1 ? [{ do: 'look_up_stacks', key: null }] : [];
  }

  #stacks(fact: StacksFact): StackStep {
    if (fact.key === null) {
      const commands = fact.stacks.flatMap((stack) => this.#attachments.useAsSystem(stack));
      return { commands, coverage: [] };
    }
    const process = this.#processes.get(fact.key);
    if (process === undefined) return NOTHING;
    const asked = this.#lookups.answered(process, fact, this.#nowNs);
    const isOver = fact.gone || process.endedNs !== null;
    const step = isOver ? { commands: [] } : this.#mapped.learn(process, fact);
    return { ...step, commands: [...step.commands, ...asked], coverage: this.#judge(process) };
  }

  #attach(fact: AttachFact): StackStep {
    const { stack, commands } = this.#attachments.settle(fact);
    return { commands, coverage: stack === null ? [] : this.#judgeUsers(stack) };
  }

  #judgeUsers({ users }: Attachment): CoverageChange[] {
    return retellAll(users.keys(), this.#processes, this.#attachments);
  }

  /** The last word on a process whose look-up never came back. */
  #bury(process: WatchedProcess): CoverageChange[] {
    process.lookingUp = false;
    const coverage = process.rows.size === 0 ? this.#judge(process) : [];
    this.#processes.remove(process);
    return coverage;
  }
}
