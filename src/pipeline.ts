import type {
  Candidates,
  EnvironmentNames,
  HostFact,
  Input,
  PipelineSettings,
  ProcessFact,
  ProcessInfo,
  ProcessKey,
  SocketsFact,
} from './event/index.js';
import { AgentRegistry } from './agent/index.js';
import { BypassDetector } from './bypass/index.js';
import { decodeBatch, LossTracker } from './decode/index.js';
import { Activity } from './pipeline/activity.js';
import { Actors } from './pipeline/actors.js';
import { Endings } from './pipeline/endings.js';
import { Gaps } from './pipeline/gaps.js';
import { Output, type Step } from './pipeline/output.js';
import { Roots } from './pipeline/roots.js';
import type { CoverageOf, PipelineSnapshot } from './pipeline/snapshot.js';
import { unobservedValues } from './pipeline/values.js';
import { ProcessTable } from './process/index.js';

export type { Step } from './pipeline/output.js';
export type { AgentSnapshot, CoverageOf, PipelineSnapshot } from './pipeline/snapshot.js';

/**
 * The table of contents: decode, losses, roots (process, agent), and for agents activity (flow, tls, stream, http,
 * bypass). Pure: the same inputs give the same values and commands, byte for byte.
 */
export class Pipeline {
  readonly #output = new Output();
  readonly #losses: LossTracker;
  readonly #processes = new ProcessTable();
  readonly #registry: AgentRegistry;
  readonly #bypass: BypassDetector;
  readonly #gaps: Gaps;
  readonly #activity: Activity;
  readonly #roots: Roots;
  readonly #actors: Actors;
  readonly #endings = new Endings();
  readonly #invalid: Record<string, number> = {};
  #nowNs = 0n;

  constructor(settings: PipelineSettings, losses = new LossTracker()) {
    this.#losses = losses;
    const output = this.#output;
    const processes = this.#processes;
    const registry = new AgentRegistry(settings);
    const bypass = new BypassDetector(settings);
    const gaps = new Gaps(bypass, output);
    const activity = new Activity({ processes, registry, bypass, output });
    this.#registry = registry;
    this.#actors = new Actors({ processes, registry });
    this.#bypass = bypass;
    this.#gaps = gaps;
    this.#activity = activity;
    const { modelHosts } = settings;
    this.#roots = new Roots({ processes, registry, activity, gaps, output, modelHosts });
  }

  /** Other settings and empty tables; the kernel's sequence numbers go on, and so does their account. */
  restart(settings: PipelineSettings): Pipeline {
    const next = new Pipeline(settings, this.#losses);
    next.#advance(this.#nowNs);
    return next;
  }

  /** What the kernel must ask about. */
  candidates(): Candidates {
    return this.#registry.candidates();
  }

  /** What it must tell of environments. */
  environment(): EnvironmentNames {
    return this.#registry.environment();
  }

  step(input: Input): Step {
    switch (input.input) {
      case 'batch':
        this.#batch(input);
        break;
      case 'adopted':
        this.#losses.resume(input.lanes);
        this.#roots.resume(input.notes);
        break;
      case 'seeds':
        this.#seeds(input.bytes);
        break;
      case 'fact':
        this.#fact(input.fact);
        break;
      case 'told':
        this.#roots.told(input.sessions);
        break;
      case 'registration':
        this.#roots.enquiries.register(input.registration);
        break;
      case 'governance': {
        const { process } = input.record;
        this.#bypass.declare(input.record, process && this.#processes.rootOf(process));
        break;
      }
      case 'tick':
        this.#tick(input.bootNs);
    }
    return this.#output.take();
  }

  snapshot(): PipelineSnapshot {
    return {
      agents: this.#registry.agents().map(({ info, root, origin }) => ({
        ...info,
        rootPid: root.tgid,
        rootStartNs: root.startNs,
        liveProcesses: this.#roots.membersOf(root).length,
        sinceNs: origin.bootNs,
      })),
      invalid: { ...this.#invalid },
      accounting: this.#losses.accounting(),
      registry: this.#registry.stats(),
      processes: this.#processes.stats(),
      activity: this.#activity.stats(),
      endings: this.#endings.stats(),
      bypass: this.#bypass.stats(),
      ...this.#roots.stats(),
    };
  }

  /** The living processes of an agent. */
  members(root: ProcessKey): readonly ProcessInfo[] {
    return this.#roots.membersOf(root).map((key) => this.#processes.describe(key));
  }

  /** What can be read of each TLS stack of the living processes of agents. */
  coverage(): readonly CoverageOf[] {
    return this.#activity.reading.rows().flatMap(({ key, coverage }) => {
      const actor = this.#actors.ofProcess(key);
      return actor === null ? [] : [{ agent: actor.agent.info, process: actor.process, coverage }];
    });
  }

  /** The living process of a pid, as far as it is an agent's; null: it is not. */
  keyOfPid(pid: number): ProcessKey | null {
    return this.#roots.enquiries.keyOfPid(pid);
  }

  /** Why a process that was just looked up is whose it is; null: nothing is known of it. */
  explain(fact: ProcessFact): ReturnType<Roots['enquiries']['explain']> {
    return this.#roots.enquiries.explain(fact);
  }

  #batch({ bytes, drained, counters }: Input & { input: 'batch' }): void {
    const { events, invalid } = decodeBatch(bytes);
    for (const { reason } of invalid) this.#invalid[reason] = (this.#invalid[reason] ?? 0) + 1;
    this.#advance(events.at(-1)?.origin.bootNs ?? 0n);
    this.#lost(this.#losses.on({ events, invalid, drained, counters }));
    for (const event of this.#endings.order(events, drained)) this.#roots.on(event);
    this.#roots.batched();
    if (!drained) return;
    this.#roots.drained();
    this.#activity.drained();
  }

  #seeds(bytes: Uint8Array): void {
    const seeds = decodeBatch(bytes).events.filter((event) => event.kind === 'seed');
    for (const seed of seeds) this.#processes.on(seed);
    this.#roots.apply(this.#registry.seeds(seeds, this.#nowNs));
  }

  #fact(fact: HostFact): void {
    switch (fact.fact) {
      case 'process':
        this.#roots.looked(fact);
        this.#activity.appearances.looked(fact);
        return;
      case 'image':
        this.#roots.apply(this.#registry.image(fact));
        this.#activity.appearances.looked(fact);
        return;
      case 'unix_peer':
      case 'named':
        this.#roots.relay(fact);
        return;
      case 'children':
        this.#roots.children(fact);
        return;
      case 'sockets':
        this.#unobserved(fact);
        return;
      case 'user':
        this.#roots.apply(this.#registry.fact(fact));
        return;
      case 'stacks':
      case 'attach':
        this.#activity.reading.fact(fact);
        return;
      case 'probes':
      case 'files':
      case 'hits':
        this.#activity.reading.guarded(fact);
        return;
      case 'listener':
        this.#activity.judged(this.#bypass.fact(fact));
    }
  }

  /** Connections from before the sensors: whatever goes over them is not seen. */
  #unobserved(fact: SocketsFact): void {
    this.#activity.passed.sockets(fact);
    const actor = this.#actors.ofProcess(fact.key);
    const origin = { ring: 'lifecycle', cpu: 0, seq: 0n, bootNs: this.#nowNs } as const;
    if (actor !== null) this.#output.value(...unobservedValues(actor, fact, origin));
  }

  #tick(bootNs: bigint): void {
    this.#advance(bootNs);
    this.#lost(this.#losses.tick(bootNs));
    for (const event of this.#endings.tick(this.#nowNs)) this.#roots.on(event);
    this.#roots.apply(this.#registry.tick(bootNs));
    this.#roots.tick(bootNs);
    this.#activity.tick(bootNs);
    this.#processes.tick(bootNs);
  }

  #advance(bootNs: bigint): void {
    if (bootNs > this.#nowNs) this.#nowNs = bootNs;
    this.#roots.advance(this.#nowNs);
  }

  #lost(losses: ReturnType<LossTracker['tick']>): void {
    for (const loss of losses) {
      this.#gaps.tell(loss, 'ring', this.#nowNs);
      if (loss.ring !== 'lifecycle' || loss.cause !== 'table_full') continue;
      const origin = { ring: loss.ring, cpu: loss.cpu, seq: loss.count, bootNs: this.#nowNs };
      this.#output.value(...this.#bypass.overflow(null, loss.count, origin));
    }
    if (losses.some(({ ring }) => ring === 'lifecycle')) this.#roots.recheck();
  }
}
