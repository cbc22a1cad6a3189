import type { RingName } from './kernel-event.js';

/** Decoding never throws: bytes that are no event become this, counted by reason. */
export interface InvalidRecord {
  readonly kind: 'invalid';
  readonly reason:
    'short_header' | 'bad_size' | 'unknown_kind' | 'short_body' | 'bad_length' | 'unknown_value';
}

/** How far the daemons before this one have read one CPU of one ring. */
export interface LaneAccount {
  readonly ring: RingName;
  readonly cpu: number;
  /** Records taken. */
  readonly taken: number;
  /** One more than the highest number taken. */
  readonly next: number;
  /** The kernel's counters of loss as they were read last. */
  readonly ringFull: number;
  readonly fault: number;
  readonly tableFull: number;
  readonly callLimit: number;
}

/** Records that never came, or came without their data. */
export interface Loss {
  readonly ring: RingName;
  readonly cpu: number;
  readonly cause: 'ring_full' | 'fault' | 'table_full' | 'call_limit' | 'invalid_record';
  readonly count: bigint;
  /** First and last missing sequence number; absent where only the counter is known. */
  readonly first?: bigint;
  readonly last?: bigint;
}
