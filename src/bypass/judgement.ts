import type {
  Claim,
  FindingInfo,
  FindingValue,
  HttpInfo,
  NetInfo,
  Origin,
  ProcessInfo,
  Severity,
  TlsInfo,
} from '../event/index.js';
import type { Agent } from '../agent/index.js';
import type { LostEvidence } from './lost-evidence.js';
import type { ProxyTrust } from './proxy-trust.js';
import type { RecordBook } from './record-book.js';

/** What every rule may look at beside its case. */
export interface View {
  /** CLOCK_BOOTTIME. */
  readonly nowNs: bigint;
  readonly windowNs: bigint;
  readonly modelHosts: readonly string[];
  readonly lost: LostEvidence;
  readonly proxies: ProxyTrust;
  readonly records: RecordBook;
}

export type Judgement =
  /** Nothing to say; more evidence may change that, time will not. */
  | { readonly say: 'nothing' }
  /** Time will decide. */
  | { readonly say: 'wait' }
  | { readonly say: 'finding'; readonly findings: readonly FindingValue[] };

export const NOTHING: Judgement = { say: 'nothing' };
export const WAIT: Judgement = { say: 'wait' };

/** Evidence that is missing when a look-up was never answered. */
export const UNKNOWN_LISTENER = 'who listens on the address of the proxy was not found out';

export interface FindingParts {
  readonly agent: Agent;
  readonly process: ProcessInfo;
  readonly origin: Origin;
  readonly part: string;
  readonly claim: Claim;
  readonly severity: Severity;
  readonly finding: FindingInfo;
  readonly net?: NetInfo;
  readonly tls?: TlsInfo | null;
  readonly http?: HttpInfo | null;
}

export const makeFinding = ({
  agent,
  process,
  net,
  tls,
  http,
  ...rest
}: FindingParts): FindingValue => ({
  kind: 'finding',
  class: 'finding',
  agent: agent.info,
  processId: `${process.pid}:${process.startNs}`,
  process,
  net: net ?? null,
  tls: tls ?? null,
  http: http ?? null,
  ...rest,
});

export const waitedMs = (fromNs: bigint, nowNs: bigint): number =>
  nowNs > fromNs ? Number((nowNs - fromNs) / 1_000_000n) : 0;
