import type { Incoming } from './incoming.js';

/** What all nodes together may keep waiting. */
export class ReorderBudget {
  bytes = 0;

  constructor(readonly maxBytes: number) {}
}

export interface ReorderLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** What one record costs besides its bytes. */
const OVERHEAD_BYTES = 256;

/**
 * Records ahead of the next number. Where there is no room, what comes last is not kept: a node sends in order, so what is
 * wanted first is here already, and what was not kept is sent again or said to be missing.
 */
export class ReorderBuffer<T extends Incoming> {
  private readonly records = new Map<bigint, T>();
  private bytes = 0;

  constructor(
    private readonly limits: ReorderLimits,
    private readonly budget: ReorderBudget,
  ) {}

  get size(): number {
    return this.records.size;
  }

  get(seq: bigint): T | null {
    return this.records.get(seq) ?? null;
  }

  /** False when there is no room for it. */
  add(record: T): boolean {
    const cost = costOf(record);
    const full =
      this.records.size >= this.limits.maxRecords || this.bytes + cost > this.limits.maxBytes;
    if (full || this.budget.bytes + cost > this.budget.maxBytes) return false;
    this.records.set(record.seq, record);
    this.bytes += cost;
    this.budget.bytes += cost;
    return true;
  }

  take(seq: bigint): T | null {
    const record = this.records.get(seq);
    if (record === undefined) return null;
    this.records.delete(seq);
    this.bytes -= costOf(record);
    this.budget.bytes -= costOf(record);
    return record;
  }

  /** The lowest number that waits. */
  first(): bigint | null {
    let first: bigint | null = null;
    for (const seq of this.records.keys()) if (first === null || seq < first) first = seq;
    return first;
  }

  values(): Iterable<T> {
    return this.records.values();
  }

  /** Drops everything up to a number. */
  dropThrough(seq: bigint): number {
    const gone = [...this.records.keys()].filter((one) => one <= seq);
    for (const one of gone) this.take(one);
    return gone.length;
  }
}

const costOf = (record: Incoming): number => record.bytes.length + OVERHEAD_BYTES;
