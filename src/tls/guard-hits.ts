import {
  stackId,
  type Command,
  type FileId,
  type HitsFact,
  type ProcessKey,
  type TlsLibrary,
  type TlsStack,
} from '../event/index.js';
import type { Guarded } from './guard.js';

const READ_NS = 1_000_000_000n;
/**
 * A call costs two traps, 0.7 us each where they are emulated and 10 us where they are not: at this rate 7 % of a CPU,
 * or all of it. A server at the limit of its network makes 60,000 calls a second of 16 KiB.
 */
const CALLS_A_SECOND = 100_000n;
/** For so long in a row: a transfer of a gigabyte is over by then. */
const SECONDS = 10;
/** How long it is left alone: the first time, and at most. Each time is twice as long as the one before. */
const HOLD_NS = 30_000_000_000n;
const HOLD_MAX_NS = 960_000_000_000n;
const STACKS_MAX = 1024;

export interface Reduced {
  readonly stack: TlsStack;
  /** Of agents that lose what they do with it. */
  readonly users: readonly ProcessKey[];
  readonly callsASecond: number;
  readonly holdMs: number;
  /** Counts from 1 for one stack. */
  readonly number: number;
}

interface Rate {
  calls: number;
  bootNs: bigint;
  /** Readings in a row above the limit. */
  hot: number;
  stack: TlsStack | null;
  /** Without probes until then; null: it has them. */
  heldUntilNs: bigint | null;
  times: number;
}

/** Whether a stack is called so often that its probes slow down whoever calls it. */
export class HitGuard {
  readonly #rates = new Map<string, Rate>();
  #nextNs = 0n;
  readonly #stats = { reduced: 0, evicted: 0 };

  tick(nowNs: bigint, attached: () => readonly Guarded[]): Command[] {
    if (nowNs < this.#nextNs) return [];
    this.#nextNs = nowNs + READ_NS;
    return attached().length === 0 ? [] : [{ do: 'read_hits' }];
  }

  fact({ bootNs, hits }: HitsFact, attached: () => readonly Guarded[]): Reduced[] {
    return hits.flatMap((hit) => {
      const rate = this.#rate(hit);
      const passedNs = bootNs - rate.bootNs;
      const calls = hit.calls - rate.calls;
      const isNew = rate.bootNs === 0n;
      if (!isNew && passedNs < READ_NS / 2n) return [];
      rate.calls = hit.calls;
      rate.bootNs = bootNs;
      // Fewer than before: its probes were set anew.
      if (isNew || calls < 0) rate.hot = 0;
      if (isNew || calls < 0 || rate.heldUntilNs !== null) return [];
      const callsASecond = (BigInt(calls) * 1_000_000_000n) / passedNs;
      rate.hot = callsASecond > CALLS_A_SECOND ? rate.hot + 1 : 0;
      if (rate.hot < SECONDS) return [];
      const guarded = attached().find(({ stack }) => stackId(stack) === stackId(hit));
      return guarded === undefined ? [] : [this.#hold(rate, guarded, Number(callsASecond))];
    });
  }

  /** Stacks that may have their probes again. */
  resume(nowNs: bigint): TlsStack[] {
    const stacks: TlsStack[] = [];
    for (const rate of this.#rates.values()) {
      if (rate.heldUntilNs === null || nowNs < rate.heldUntilNs) continue;
      rate.heldUntilNs = null;
      rate.bootNs = 0n;
      if (rate.stack !== null) stacks.push(rate.stack);
    }
    return stacks;
  }

  isHeld(stack: TlsStack): boolean {
    return (this.#rates.get(stackId(stack))?.heldUntilNs ?? null) !== null;
  }

  stats() {
    let held = 0;
    for (const { heldUntilNs } of this.#rates.values()) if (heldUntilNs !== null) held += 1;
    return { ...this.#stats, held };
  }

  #hold(rate: Rate, { stack, users }: Guarded, callsASecond: number): Reduced {
    const doubled = HOLD_NS << BigInt(Math.min(rate.times, 16));
    const holdNs = doubled < HOLD_MAX_NS ? doubled : HOLD_MAX_NS;
    rate.times += 1;
    rate.hot = 0;
    rate.stack = stack;
    rate.heldUntilNs = rate.bootNs + holdNs;
    this.#stats.reduced += 1;
    const holdMs = Number(holdNs / 1_000_000n);
    return { stack, users: [...users.values()], callsASecond, holdMs, number: rate.times };
  }

  /** The oldest goes that does not wait for its probes. */
  #makeRoom(): void {
    if (this.#rates.size < STACKS_MAX) return;
    for (const [id, { heldUntilNs }] of this.#rates) {
      if (heldUntilNs !== null) continue;
      this.#rates.delete(id);
      this.#stats.evicted += 1;
      return;
    }
  }

  #rate(hit: { readonly file: FileId; readonly library: TlsLibrary }): Rate {
    const id = stackId(hit);
    const known = this.#rates.get(id);
    if (known !== undefined) return known;
    this.#makeRoom();
    const none = { calls: 0, bootNs: 0n, hot: 0, times: 0 };
    const fresh: Rate = { ...none, stack: null, heldUntilNs: null };
    this.#rates.set(id, fresh);
    return fresh;
  }
}
