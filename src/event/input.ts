import type { HostFact } from './fact.js';
import type { GovernanceRecord, Registration } from './governance.js';
import type { LaneAccount } from './loss.js';
import type { ProcessKey } from './process-key.js';

/** What a daemon asked the kernel to remember of an agent's root. The text is of agent/ alone. */
export interface AgentNote {
  readonly root: ProcessKey;
  readonly text: string;
}

/**
 * Everything the pure stages ever learn, in one order. `run --record` writes exactly these and `replay` reads them.
 */
export type Input =
  | {
      readonly input: 'batch';
      /** Records one after another, each padded to 8 bytes; the header's size says how long it is. */
      readonly bytes: Uint8Array;
      /** Every ring was empty when this batch ended. */
      readonly drained: boolean;
      /**
       * The kernel's counters, read BEFORE the rings were drained: a snapshot of struct wf_counters for every
       * CPU and ring. null: not read with this batch.
       */
      readonly counters: Uint8Array | null;
    }
  /** Kernel state of a daemon that was killed is taken over. First of all that comes from the kernel. */
  | {
      readonly input: 'adopted';
      readonly lanes: readonly LaneAccount[];
      readonly notes: readonly AgentNote[];
    }
  /** Processes that existed before: the same record format, from the task iterator. */
  | { readonly input: 'seeds'; readonly bytes: Uint8Array }
  | { readonly input: 'fact'; readonly fact: HostFact }
  /** Sessions that a daemon before this one has told of as unregistered; before the seeds. */
  | { readonly input: 'told'; readonly sessions: readonly string[] }
  /** A process asked on the governance socket to be known as an agent; the kernel said who asks. */
  | { readonly input: 'registration'; readonly registration: Registration }
  | { readonly input: 'governance'; readonly record: GovernanceRecord }
  /** Time passes. wallNs - bootNs is how event times become wall-clock times. */
  | { readonly input: 'tick'; readonly bootNs: bigint; readonly wallNs: bigint };
