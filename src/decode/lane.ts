import type { LaneAccount, Loss, RingName } from '../event/index.js';
import type { LaneCounters } from './counters.js';
import { addNumber, type Range, takeHoles } from './ranges.js';

const RANGES_MAX = 1024;
const TOLD_MAX = 64;
const PATIENCE_NS = 1_000_000_000n;

/** Losses told so far, by counter. */
interface Told {
  ringFull: number;
  fault: number;
  tableFull: number;
  callLimit: number;
}

/** Sequence numbers and counters of one CPU and ring. */
export class Lane {
  readonly ring: RingName;
  readonly cpu: number;
  delivered = 0;
  /** Numbers that came after they had been called missing. */
  late = 0;
  /** Everything below has come or was called missing. */
  #low = 0;
  readonly #arrived: Range[] = [];
  readonly #overflow: Range[] = [];
  /** Taken before the drain before: what is below must have come with the drain that just ended. */
  #horizon = 0;
  readonly #told: Told = { ringFull: 0, fault: 0, tableFull: 0, callLimit: 0 };
  #ringFull = 0;
  #waitingSinceNs: bigint | null = null;
  /** Told without numbers: holes seen later are these, not new ones. */
  #toldBlind = 0;

  constructor(ring: RingName, cpu: number) {
    this.ring = ring;
    this.cpu = cpu;
  }

  /** Goes on where another reader of the same ring was stopped: what it took has come, what it was told is told. */
  resume({ taken, next, ringFull, fault, tableFull, callLimit }: LaneAccount): void {
    this.delivered = taken;
    this.#low = next;
    this.#ringFull = ringFull;
    Object.assign(this.#told, { ringFull, fault, tableFull, callLimit });
  }

  arrived(seq: number): void {
    this.delivered += 1;
    if (seq < this.#low) {
      this.late += 1;
      return;
    }
    addNumber(this.#arrived, seq);
    const [first, second] = this.#arrived;
    if (first === undefined) return;
    if (first.from === this.#low) {
      this.#low = first.to;
      this.#arrived.shift();
    } else if (second !== undefined && this.#arrived.length > RANGES_MAX) {
      // Too many holes to remember: the oldest is given up at once rather than silently.
      this.#overflow.push({ from: this.#low, to: first.from });
      this.#low = first.to;
      this.#arrived.shift();
    }
  }

  takeOverflow(): Loss[] {
    return this.#explain(this.#overflow.splice(0));
  }

  /** `drained`: the rings were emptied after these counters were read. */
  count(counters: LaneCounters, drained: boolean): Loss[] {
    this.#ringFull = Math.max(this.#ringFull, counters.ringFull);
    const losses: Loss[] = [
      ...this.#grown('fault', 'fault', counters.fault),
      ...this.#grown('tableFull', 'table_full', counters.tableFull),
      ...this.#grown('callLimit', 'call_limit', counters.callLimit),
    ];
    if (!drained) return losses;
    losses.push(...this.#explain(takeHoles(this.#arrived, this.#low, this.#horizon)));
    this.#low = Math.max(this.#low, this.#horizon);
    this.#horizon = Math.max(this.#horizon, counters.emitted);
    return losses;
  }

  /** Losses the counters know of and no hole has shown for a second are told without their numbers. */
  tick(nowNs: bigint): Loss[] {
    const unexplained = this.#ringFull - this.#told.ringFull;
    if (unexplained <= 0) {
      this.#waitingSinceNs = null;
      return [];
    }
    this.#waitingSinceNs ??= nowNs;
    if (nowNs - this.#waitingSinceNs < PATIENCE_NS) return [];
    this.#waitingSinceNs = null;
    this.#toldBlind += unexplained;
    return this.#grown('ringFull', 'ring_full', this.#ringFull);
  }

  /**
   * Holes become losses. As many as the counter knows of were dropped for want of room; any other came in a batch that
   * could not be read.
   */
  #explain(holes: readonly Range[]): Loss[] {
    const { ring, cpu } = this;
    const losses: Loss[] = [];
    for (const hole of mergeTail(holes)) {
      const again = Math.min(hole.count, this.#toldBlind);
      this.#toldBlind -= again;
      const missing = hole.count - again;
      if (missing === 0) continue;
      const dropped = Math.min(missing, Math.max(this.#ringFull - this.#told.ringFull, 0));
      this.#told.ringFull += dropped;
      const cause = missing > dropped ? 'invalid_record' : 'ring_full';
      const numbers = { first: BigInt(hole.from), last: BigInt(hole.to - 1) };
      losses.push({ ring, cpu, cause, count: BigInt(missing), ...numbers });
    }
    return losses;
  }

  #grown(counter: keyof Told, cause: Loss['cause'], value: number): Loss[] {
    const count = value - this.#told[counter];
    if (count <= 0) return [];
    this.#told[counter] = value;
    return [{ ring: this.ring, cpu: this.cpu, cause, count: BigInt(count) }];
  }
}

/** At most 64 ranges are told one by one; the rest become one, with how many of its numbers are missing. */
function mergeTail(holes: readonly Range[]): { from: number; to: number; count: number }[] {
  const told = holes.slice(0, TOLD_MAX).map((hole) => ({ ...hole, count: hole.to - hole.from }));
  const rest = holes.slice(TOLD_MAX);
  const [first] = rest;
  const last = rest.at(-1);
  if (first === undefined || last === undefined) return told;
  const count = rest.reduce((total, hole) => total + hole.to - hole.from, 0);
  return [...told, { from: first.from, to: last.to, count }];
}
