import type { ContainerInfo } from './fact.js';
import type { Origin } from './kernel-event.js';
import type { Loss } from './loss.js';
import type {
  CheckpointValue,
  HeartbeatValue,
  RetentionValue,
  SelfFindingValue,
} from './own-value.js';
import type { ProcessId } from './process-key.js';

/**
 * What the pure stages say. Values still hold what was captured; only redact/ turns one into something that may be
 * stored.
 */

export type RecordClass = 'finding' | 'activity' | 'sensor';
export type Claim = 'observed' | 'detected' | 'unmeasured' | 'degraded';
export type Severity = 'low' | 'medium' | 'high' | 'critical';
export type Assurance = 'bound' | 'asserted' | 'recognised' | 'inferred' | 'unattributed';

export interface AgentInfo {
  /** org/team/agent, or unregistered/<user>/<name>. */
  readonly id: string;
  /** Display name such as `claude-code`. */
  readonly name: string;
  /** UUIDv5 of the root process: stable over daemon restarts. */
  readonly session: string;
  readonly assurance: Assurance;
  /** Absent: no agent started it. */
  readonly under?: AgentDescent;
}

/** Of an agent that an agent started. */
export interface AgentDescent {
  readonly parent: AgentLink;
  /** The agent at the top. */
  readonly root: AgentLink;
  /** 1 for a child of the one at the top. */
  readonly depth: number;
  /** Only suspected: somebody else, named in the evidence, ran it when the parent had asked. */
  readonly handedOff: boolean;
}

export interface AgentLink {
  readonly id: string;
  readonly session: string;
}

export interface ChainLink {
  readonly pid: number;
  readonly exe: string;
}

export interface ProcessInfo {
  readonly pid: number;
  readonly startNs: bigint;
  readonly ppid: number;
  readonly uid: number;
  readonly exe: string;
  readonly argv: readonly string[];
  readonly argvTruncated: boolean;
  readonly cwd: string;
  readonly container?: ContainerInfo;
  /** What `exe` runs, by its arguments, where it is an interpreter or the dynamic linker: a script or a program. */
  readonly program?: string;
  /** The pid in the innermost pid namespace, where that is another. */
  readonly nsPid?: number;
  /** From the process's parent to the root of its lineage. */
  readonly chain: readonly ChainLink[];
  /** True when the process existed before the sensors. */
  readonly bootstrap: boolean;
}

export type HostSource = 'http_host' | 'connect_target' | 'sni' | 'dns' | 'address';

export interface NetInfo {
  readonly proto: 'tcp' | 'udp' | 'other';
  readonly family: 'ipv4' | 'ipv6';
  readonly srcIp: string;
  readonly srcPort: number;
  readonly dstIp: string;
  readonly dstPort: number;
  readonly host?: string;
  readonly hostSource?: HostSource;
  /** `established` or `failed` for TCP, `open` for UDP. */
  readonly result?: 'established' | 'failed' | 'open';
  /** errno name, such as ECONNREFUSED, when it failed. */
  readonly error?: string;
}

export type CoverageState = 'plaintext' | 'metadata' | 'blind';

/** DNS over HTTPS, TLS or QUIC. */
export type NameService = 'doh' | 'dot' | 'doq';

export interface TlsInfo {
  readonly library?: string;
  readonly sni?: string;
  readonly alpn?: readonly string[];
  readonly coverage?: CoverageState;
  /** The client's fingerprint JA4. */
  readonly ja4?: string;
  /** An encrypted ClientHello is offered, so `sni` may be a front's name. */
  readonly ech?: boolean;
  /** Version of QUIC, such as `1`; absent: TLS over TCP. */
  readonly quic?: string;
  /** A name server is asked inside of it. */
  readonly nameService?: NameService;
}

export interface HttpInfo {
  readonly method: string;
  readonly host: string;
  /** As sent, query included: redact/ cuts it. */
  readonly path: string;
  /** 0: no response was seen. */
  readonly status: number;
  readonly version: string;
}

export interface FindingInfo {
  /** Rule id, such as `bypass.direct_egress`. */
  readonly rule: string;
  readonly summary: string;
  /** One observation a line. */
  readonly evidence: readonly string[];
  /** The governance record that should have been there. */
  readonly expected: string;
  readonly waitedMs: number;
}

export interface CoverageInfo {
  readonly state: CoverageState;
  /** Empty: no stack was found. */
  readonly library: string;
  readonly reason: string;
  /** The file that holds the stack; absent: it is not about one file. */
  readonly path?: string;
}

export interface GapInfo extends Omit<Loss, 'cause'> {
  /** What the numbers belong to: `ring` or the name of a stage. */
  readonly stage: string;
  /** A cause of Loss, or the stage's own, such as `disk_full` or `killed`. */
  readonly cause: string;
}

export interface SensorInfo {
  /** `start`, `stop`, `program`, `limit`. */
  readonly event: string;
  readonly detail: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface ValueBase {
  /** What caused it; the event id is derived from it and from `part`. */
  readonly origin: Origin;
  /** Tells apart the values one event gave: the kind, or the rule. */
  readonly part: string;
  readonly class: RecordClass;
  readonly claim: Claim;
  readonly agent: AgentInfo | null;
}

interface OfProcess extends ValueBase {
  readonly processId: ProcessId;
  readonly process: ProcessInfo;
}

export interface ExecValue extends OfProcess {
  readonly kind: 'exec';
}
export interface ExitValue extends OfProcess {
  readonly kind: 'exit';
  /** Exit code, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: number | null;
}
export interface FlowValue extends OfProcess {
  readonly kind: 'flow';
  readonly net: NetInfo;
}
export interface DnsValue extends OfProcess {
  readonly kind: 'dns';
  readonly net: NetInfo;
  readonly question: string;
  /** Such as `A` or `AAAA`. */
  readonly type: string;
}
export interface TlsSessionValue extends OfProcess {
  readonly kind: 'tls_session';
  readonly net: NetInfo;
  readonly tls: TlsInfo;
}
export interface HttpValue extends OfProcess {
  readonly kind: 'http';
  readonly net: NetInfo | null;
  readonly http: HttpInfo;
  readonly tls: TlsInfo | null;
}
export interface AgentValue extends OfProcess {
  readonly kind: 'agent';
  readonly evidence: readonly string[];
}
export interface CoverageValue extends OfProcess {
  readonly kind: 'coverage';
  readonly coverage: CoverageInfo;
}
export interface FindingValue extends OfProcess {
  readonly kind: 'finding';
  readonly severity: Severity;
  readonly finding: FindingInfo;
  readonly net: NetInfo | null;
  readonly tls: TlsInfo | null;
  readonly http: HttpInfo | null;
}
export interface GapValue extends ValueBase {
  readonly kind: 'gap';
  readonly gap: GapInfo;
}
export interface SensorValue extends ValueBase {
  readonly kind: 'sensor' | 'config';
  readonly sensor: SensorInfo;
}
export type Value =
  | ExecValue
  | ExitValue
  | FlowValue
  | DnsValue
  | TlsSessionValue
  | HttpValue
  | AgentValue
  | CoverageValue
  | FindingValue
  | GapValue
  | SensorValue
  | HeartbeatValue
  | SelfFindingValue
  | CheckpointValue
  | RetentionValue;
