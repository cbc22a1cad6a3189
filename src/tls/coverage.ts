import type { Command, CoverageInfo, CoverageState, Origin, ProcessKey } from '../event/index.js';

/** What of a process's TLS can be read changed. */
export interface CoverageChange {
  readonly key: ProcessKey;
  readonly coverage: CoverageInfo;
  /** The last kernel event known of that process: a fact or a tick has none of its own. */
  readonly origin: Origin;
  /** Counts the changes of one process from 1; tells apart two changes with the same origin. */
  readonly number: number;
}

export interface StackStep {
  readonly commands: readonly Command[];
  readonly coverage: readonly CoverageChange[];
}

export interface StackStats {
  readonly processes: number;
  /** Live processes by what of their TLS can be read; those without TLS are none of them. */
  readonly coverage: Readonly<Record<CoverageState, number>>;
  readonly attached: number;
  readonly failed: number;
  readonly lookups: number;
  /** Look-ups not made because the process had used up its share. */
  readonly lookupsRefused: number;
  /** Files not attached because the table of files was full. */
  readonly filesRefused: number;
  readonly evicted: number;
}
