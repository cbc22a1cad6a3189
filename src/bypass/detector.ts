import type { Agent, HandOffLink, Observation } from '../agent/index.js';
import type {
  Command,
  FindingValue,
  GovernanceRecord,
  HttpInfo,
  ListenerFact,
  Origin,
  PipelineSettings,
  ProcessInfo,
  ProcessKey,
  RingName,
  TlsInfo,
  Value,
} from '../event/index.js';
import { type Flow, type FlowChange, tlsOfFlow } from '../flow/index.js';
import { judgeObservation } from './disguise.js';
import { addName, type FlowCase } from './flow-case.js';
import type { View } from './judgement.js';
import { LostEvidence } from './lost-evidence.js';
import { ProxyTrust } from './proxy-trust.js';
import { Readings } from './readings.js';
import { RecordBook } from './record-book.js';
import { judgeRegistration } from './rules/agent-unregistered.js';
import { judgeDirectEgress } from './rules/direct-egress.js';
import { judgeHandOff } from './rules/lineage-handoff.js';
import { judgeOverflow } from './rules/lineage-overflow.js';
import { judgeUndeclaredCall } from './rules/undeclared-llm-call.js';

const CASES_MAX = 16_384;
const RULES = [judgeDirectEgress, judgeUndeclaredCall];

export interface BypassStep {
  readonly findings: readonly FindingValue[];
  readonly commands: readonly Command[];
}

export interface BypassStats {
  readonly cases: number;
  readonly casesEvicted: number;
  readonly records: number;
  readonly recordsEvicted: number;
}

type Settings = Pick<PipelineSettings, 'proxies' | 'windowMs' | 'modelHosts'>;

/** Joins what an agent did with what governed it, and says what nothing governed. */
export class BypassDetector {
  /** Of what was read, and what was not. */
  readonly readings: Readings;
  readonly #settings: Settings;
  readonly #windowNs: bigint;
  readonly #proxies: ProxyTrust;
  readonly #records = new RecordBook();
  readonly #lost = new LostEvidence();
  readonly #cases = new Map<string, FlowCase>();
  /** Cases whose listener is being looked up. */
  readonly #asking = new Set<FlowCase>();
  /** Cases that time alone will decide. */
  readonly #waiting = new Set<FlowCase>();
  #nowNs = 0n;
  #evicted = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#windowNs = BigInt(Math.trunc(settings.windowMs)) * 1_000_000n;
    this.#proxies = new ProxyTrust(settings.proxies);
    this.readings = new Readings(this.#proxies, this.#lost, settings.modelHosts);
  }

  /** An agent was identified; once for each session. */
  agent(agent: Agent, process: ProcessInfo): readonly FindingValue[] {
    return judgeRegistration(agent, process);
  }

  /** A process of the agent hides what it is. */
  disguise(observation: Observation, agent: Agent, process: ProcessInfo): readonly FindingValue[] {
    return [judgeObservation(observation, agent, process, this.#lost)];
  }

  /** Somebody outside the agent's lineage ran what it may have asked for. */
  handOff(link: HandOffLink, child: ProcessInfo, origin: Origin): readonly FindingValue[] {
    return [judgeHandOff(link, child, origin, this.#lost)];
  }

  /** So many processes could not be followed; null: nobody knows whose. */
  overflow(agent: Agent | null, count: bigint, origin: Origin): readonly Value[] {
    return judgeOverflow(agent, count, origin);
  }

  flow(change: FlowChange, agent: Agent, process: ProcessInfo): BypassStep {
    const { flow, origin } = change;
    this.#advance(origin.bootNs);
    switch (change.change) {
      case 'settled':
        return this.#open(change, agent, process);
      case 'named':
        return this.#name(flow, (one) => {
          addName(one, change.host, change.source, this.#nowNs);
        });
      case 'hello':
        return this.#hello(change);
      case 'closed':
        return this.#name(flow, (one) => {
          one.closedNs = this.#nowNs;
          this.#waiting.add(one);
        });
      case 'dns':
        return { findings: [], commands: [] };
    }
  }

  /** A request was read in plaintext. */
  request(flow: Flow, http: HttpInfo, tls: TlsInfo | null): BypassStep {
    return this.#name(flow, (one) => {
      one.http = http;
      one.tls = tls ?? one.tls;
      addName(one, http.host, 'http_host', this.#nowNs);
    });
  }

  fact(fact: ListenerFact): BypassStep {
    this.#proxies.fact(fact, this.#nowNs);
    return this.#judgeAll([...this.#asking]);
  }

  /** `root`: lineage of the process the record names. */
  declare(record: GovernanceRecord, root: ProcessKey | null): void {
    this.#records.add(record, root);
  }

  lost(ring: RingName, noticedNs: bigint): void {
    this.#lost.note(ring, noticedNs);
  }

  tick(bootNs: bigint): BypassStep {
    this.#advance(bootNs);
    const step = this.#judgeAll([...this.#waiting]);
    this.#records.tick(this.#nowNs, this.#windowNs);
    return step;
  }

  stats(): BypassStats {
    const { records, recordsEvicted } = this.#records.stats();
    return { cases: this.#cases.size, casesEvicted: this.#evicted, records, recordsEvicted };
  }

  #advance(bootNs: bigint): void {
    if (bootNs > this.#nowNs) this.#nowNs = bootNs;
  }

  #open({ flow, origin }: FlowChange, agent: Agent, process: ProcessInfo): BypassStep {
    const { proxy, sdk } = agent.governance;
    if (proxy !== 'required' && sdk !== 'required') return { findings: [], commands: [] };
    const { state, commands } = this.#proxies.ask(flow, this.#nowNs);
    const one: FlowCase = {
      flow,
      agent,
      process,
      origin,
      settledNs: this.#nowNs,
      names: new Map(),
      proxy: state,
      tls: null,
      http: null,
      closedNs: null,
      done: new Set(),
    };
    const { host, hostSource } = flow.net;
    if (host !== undefined && hostSource !== undefined) addName(one, host, hostSource, this.#nowNs);
    if (flow.sni !== undefined) addName(one, flow.sni, 'sni', this.#nowNs);
    if (flow.connectTarget) addName(one, flow.connectTarget.host, 'connect_target', this.#nowNs);
    this.#remember(one);
    return { findings: this.#judge(one), commands };
  }

  #hello({ flow, sni, alpn }: FlowChange & { readonly change: 'hello' }): BypassStep {
    // Whether it needs an explanation depends on who listens there, whatever governs the agent.
    const { commands } = this.#proxies.ask(flow, this.#nowNs);
    const { findings } = this.#name(flow, (one) => {
      one.tls = { ...tlsOfFlow(flow), ...(sni === null ? {} : { sni }), alpn };
      if (sni !== null) addName(one, sni, 'sni', this.#nowNs);
    });
    return { findings, commands };
  }

  #name(flow: Flow, change: (one: FlowCase) => void): BypassStep {
    const one = this.#cases.get(flow.id);
    if (one === undefined) return { findings: [], commands: [] };
    change(one);
    return { findings: this.#judge(one), commands: [] };
  }

  #judgeAll(cases: readonly FlowCase[]): BypassStep {
    return { findings: cases.flatMap((one) => this.#judge(one)), commands: [] };
  }

  #judge(one: FlowCase): FindingValue[] {
    if (one.proxy === 'asked') one.proxy = this.#proxies.stateOf(one.flow);
    if (one.proxy !== 'asked') this.#asking.delete(one);
    const judgements = RULES.map((rule) => rule(one, this.#view()));
    const over = one.closedNs !== null && this.#nowNs - one.closedNs >= this.#windowNs;
    const waits = judgements.some(({ say }) => say === 'wait') || (one.closedNs !== null && !over);
    if (waits) this.#waiting.add(one);
    else this.#waiting.delete(one);
    if (over && !waits) this.#forget(one);
    return judgements.flatMap((judgement) =>
      judgement.say === 'finding' ? judgement.findings : [],
    );
  }

  #view(): View {
    return {
      nowNs: this.#nowNs,
      windowNs: this.#windowNs,
      modelHosts: this.#settings.modelHosts,
      lost: this.#lost,
      proxies: this.#proxies,
      records: this.#records,
    };
  }

  #remember(one: FlowCase): void {
    const [oldest] = this.#cases.values();
    if (oldest !== undefined && this.#cases.size >= CASES_MAX) {
      this.#forget(oldest);
      this.#evicted += 1;
    }
    this.#cases.set(one.flow.id, one);
    if (one.proxy === 'asked') this.#asking.add(one);
  }

  #forget(one: FlowCase): void {
    this.#cases.delete(one.flow.id);
    this.#waiting.delete(one);
    this.#asking.delete(one);
  }
}
