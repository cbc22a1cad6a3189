import type { Command, CoverageInfo, CoverageState, Origin, ProcessKey } from '../event/index.js';

/** What of one TLS stack of a process can be read changed. */
export interface CoverageChange {
  readonly key: ProcessKey;
  readonly coverage: CoverageInfo;
  /** The last kernel event known of that process: a fact or a tick has none of its own. */
  readonly origin: Origin;
  /** Counts the changes of one process from 1; tells apart two changes with the same origin. */
  readonly number: number;
}

/** An agent brought more stacks than are probed for one. Once, until it has none any more. */
export interface Exhausted {
  readonly key: ProcessKey;
  readonly origin: Origin;
  /** Of the first stack that gets no probes. */
  readonly path: string;
  readonly limit: number;
}

export interface StackStep {
  readonly commands: readonly Command[];
  readonly coverage: readonly CoverageChange[];
  readonly exhausted?: Exhausted;
}

/** What a flow says about the TLS of its process. */
export interface FlowShown {
  /** More is known of the peer than its address. */
  readonly named: boolean;
  readonly openedNs: bigint;
  /** It was opened while its root had no verdict. */
  readonly pending: boolean;
}

/** What became of a piece of plaintext. */
export interface ReadStep extends StackStep {
  /** It is what an application said, as far as can be told. */
  readonly believed: boolean;
}

/** What can be read of one stack of a living process. */
export interface CoverageRow {
  readonly key: ProcessKey;
  readonly coverage: CoverageInfo;
}

export interface StackStats {
  readonly processes: number;
  /** Live processes by what of their TLS can be read at best; those without TLS are none of them. */
  readonly coverage: Readonly<Record<CoverageState, number>>;
  readonly attached: number;
  readonly failed: number;
  /** Stacks whose probes gave what is no plaintext. */
  readonly distrusted: number;
  readonly lookups: number;
  /** Look-ups not made because the process had used up its share. */
  readonly lookupsRefused: number;
  /** Stacks not attached because the table, or the share of an agent, was full. */
  readonly filesRefused: number;
  /** Stacks of one process beyond those told of. */
  readonly rowsRefused: number;
  readonly evicted: number;
  /** Numbers of probes forgotten, of which late plaintext cannot say its stack any more. */
  readonly numbersEvicted: number;
}
