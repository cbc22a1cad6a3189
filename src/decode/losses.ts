import type { LaneAccount, Loss, Origin, RingName } from '../event/index.js';
import type { Decoded } from './batch.js';
import { type LaneCounters, readCounters, RINGS } from './counters.js';
import { Lane } from './lane.js';

/** emitted = delivered + dropped once every ring is empty; the residual then is 0. */
export interface RingAccount {
  readonly ring: RingName;
  readonly emitted: number;
  readonly delivered: number;
  readonly dropped: number;
  /** emitted - delivered - dropped: what is on its way, and what nobody can explain. */
  readonly residual: number;
}

export interface Accounting {
  readonly rings: readonly RingAccount[];
  readonly payloadBytesAgent: number;
  /** Plaintext copied of processes that are no agent's: must stay 0. */
  readonly payloadBytesForeign: number;
  /** Records that came after they had been called missing. */
  readonly late: number;
}

type Batch = Decoded & { readonly drained: boolean; readonly counters: Uint8Array | null };

/**
 * What did not reach us. How much comes from the kernel's counters by CPU, ring and cause; which, from the sequence
 * numbers. Order in a ring is not the order of numbers, so a number is missing only when the next full drain has not
 * brought it either.
 */
export class LossTracker {
  readonly #lanes = new Map<string, Lane>();
  #counters: readonly LaneCounters[] = [];

  /** The account of the reader before; before any batch. */
  resume(accounts: readonly LaneAccount[]): void {
    for (const account of accounts) this.#lane(account.ring, account.cpu).resume(account);
  }

  on(batch: Batch): Loss[] {
    for (const event of batch.events) this.#arrived(event.origin);
    const losses: Loss[] = [];
    for (const { origin } of batch.invalid) {
      if (origin === null) continue;
      this.#arrived(origin);
      const { ring, cpu, seq } = origin;
      losses.push({ ring, cpu, cause: 'invalid_record', count: 1n, first: seq, last: seq });
    }
    losses.push(...this.#overflows());
    if (batch.counters === null) return losses;
    this.#counters = readCounters(batch.counters);
    for (const counters of this.#counters) {
      losses.push(...this.#lane(counters.ring, counters.cpu).count(counters, batch.drained));
    }
    return losses;
  }

  /** Tells what the counters said a while ago and no number has explained since. `nowNs`: CLOCK_BOOTTIME. */
  tick(nowNs: bigint): Loss[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.tick(nowNs));
  }

  accounting(): Accounting {
    const sum = (pick: (lane: LaneCounters) => number): number =>
      this.#counters.reduce((total, lane) => total + pick(lane), 0);
    return {
      rings: RINGS.map((ring) => this.#account(ring)),
      payloadBytesAgent: sum((lane) => lane.payloadBytesAgent),
      payloadBytesForeign: sum((lane) => lane.payloadBytesForeign),
      late: [...this.#lanes.values()].reduce((total, lane) => total + lane.late, 0),
    };
  }

  #account(ring: RingName): RingAccount {
    const counters = this.#counters.filter((lane) => lane.ring === ring);
    const lanes = [...this.#lanes.values()].filter((lane) => lane.ring === ring);
    const emitted = counters.reduce((total, lane) => total + lane.emitted, 0);
    const dropped = counters.reduce((total, lane) => total + lane.ringFull, 0);
    const delivered = lanes.reduce((total, lane) => total + lane.delivered, 0);
    return { ring, emitted, delivered, dropped, residual: emitted - delivered - dropped };
  }

  #arrived({ ring, cpu, seq }: Origin): void {
    this.#lane(ring, cpu).arrived(Number(seq));
  }

  #overflows(): Loss[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.takeOverflow());
  }

  #lane(ring: RingName, cpu: number): Lane {
    const id = `${ring}/${cpu}`;
    const known = this.#lanes.get(id);
    if (known !== undefined) return known;
    const lane = new Lane(ring, cpu);
    this.#lanes.set(id, lane);
    return lane;
  }
}
