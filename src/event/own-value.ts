import type { RingName } from './kernel-event.js';
import type { CoverageState, FindingInfo, Severity, ValueBase } from './value.js';

/** What a node says of itself and of its evidence. */

export interface HeartbeatInfo {
  readonly number: bigint;
  readonly rings: readonly {
    readonly ring: RingName;
    readonly emitted: bigint;
    readonly delivered: bigint;
    readonly dropped: bigint;
  }[];
  /** All that live; `agentIds` names the first of them. */
  readonly agents: number;
  readonly agentIds: readonly string[];
  readonly coverage: Readonly<Record<CoverageState, number>>;
  readonly journalBytes: bigint;
  readonly version: string;
  readonly kernel: string;
  /** Records that are durable and not acknowledged by the broker, and how old the oldest is. */
  readonly backlog: bigint;
  readonly backlogAgeMs: bigint;
  readonly checkpointSize: bigint;
  readonly checkpointRoot: Uint8Array;
  readonly cosignedSize: bigint;
  /** C2SP signed note over all of the above, docs/nats.md; empty while nobody signs. */
  readonly note: string;
}
export interface HeartbeatValue extends ValueBase {
  readonly kind: 'heartbeat';
  readonly heartbeat: HeartbeatInfo;
}

/** A finding about a sensor, a node or the way between them: there is no process to it. */
export interface SelfFindingValue extends ValueBase {
  readonly kind: 'self_finding';
  readonly severity: Severity;
  readonly finding: FindingInfo;
}
/** A signed tree head, docs/journal.md. */
export interface CheckpointInfo {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly note: string;
  readonly vkey: string;
  readonly oldSize: bigint;
  readonly proof: readonly Uint8Array[];
  readonly range: readonly Uint8Array[];
}
export interface CheckpointValue extends ValueBase {
  readonly kind: 'checkpoint';
  readonly checkpoint: CheckpointInfo;
}

/** Records that go, said before they do. */
export interface RetentionInfo {
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  readonly segments: number;
  readonly bytes: bigint;
  /** 0: no gateway is configured. */
  readonly cosignedSize: bigint;
}
export interface RetentionValue extends ValueBase {
  readonly kind: 'retention';
  readonly retention: RetentionInfo;
}
