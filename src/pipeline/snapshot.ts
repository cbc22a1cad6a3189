import type {
  AgentDescent,
  AgentInfo,
  Assurance,
  CoverageInfo,
  ProcessInfo,
} from '../event/index.js';
import type { RegistryStats } from '../agent/index.js';
import type { BypassStats } from '../bypass/index.js';
import type { Accounting } from '../decode/index.js';
import type { ProcessStats } from '../process/index.js';
import type { Activity } from './activity.js';
import type { Endings } from './endings.js';
import type { Roots } from './roots.js';

export interface AgentSnapshot {
  readonly id: string;
  readonly name: string;
  readonly session: string;
  readonly assurance: Assurance;
  readonly under?: AgentDescent;
  readonly rootPid: number;
  readonly rootStartNs: bigint;
  readonly liveProcesses: number;
  /** CLOCK_BOOTTIME of the exec that showed it; for one that ran before, of the seeding. */
  readonly sinceNs: bigint;
}

/** What can be read of one TLS stack of a living process. */
export interface CoverageOf {
  readonly agent: AgentInfo;
  readonly process: ProcessInfo;
  readonly coverage: CoverageInfo;
}

/** The state of the pipeline now: for `status`, `agents` and the heartbeat. */
export interface PipelineSnapshot extends ReturnType<Roots['stats']> {
  readonly agents: readonly AgentSnapshot[];
  /** Records that were no events, by reason. */
  readonly invalid: Readonly<Record<string, number>>;
  readonly accounting: Accounting;
  readonly registry: RegistryStats;
  readonly processes: ProcessStats;
  readonly activity: ReturnType<Activity['stats']>;
  readonly endings: ReturnType<Endings['stats']>;
  readonly bypass: BypassStats;
}
