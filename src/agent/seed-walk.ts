import {
  processId,
  type ProcessFact,
  type ProcessId,
  type ProcessKey,
  type SeedEvent,
} from '../event/index.js';

const SEEDS_MAX = 65_536;
const DEADLINE_NS = 10_000_000_000n;

interface Seed {
  readonly event: SeedEvent;
  /** Decided before this one. */
  readonly above: ProcessId;
  /** null: not answered yet. */
  fact: ProcessFact | null;
}

export interface Answered {
  readonly event: SeedEvent;
  readonly fact: ProcessFact;
}

/**
 * The processes that existed before, given out parents first and each once its facts are there, however the facts come:
 * an agent's tool is often an agent by its looks, and must be found below its parent.
 */
export class SeedWalk {
  readonly #waiting = new Map<ProcessId, Seed>();
  readonly #children = new Map<ProcessId, Seed[]>();
  /** Root of each process found to be in a lineage, while its descendants may still be asked about. */
  readonly #roots = new Map<ProcessId, ProcessKey>();
  #sinceNs = 0n;

  get size(): number {
    return this.#waiting.size;
  }

  /** Gives those whose facts must be asked for. `nowNs`: CLOCK_BOOTTIME. */
  add(events: readonly SeedEvent[], nowNs: bigint): ProcessKey[] {
    this.#sinceNs = nowNs;
    const fresh = events.slice(0, SEEDS_MAX - this.#waiting.size);
    const byId = new Map(fresh.map((event) => [processId(event.key), event]));
    for (const [id, event] of byId) {
      const seed: Seed = { event, above: idAbove(event, byId), fact: null };
      this.#waiting.set(id, seed);
      const siblings = this.#children.get(seed.above);
      if (siblings === undefined) this.#children.set(seed.above, [seed]);
      else siblings.push(seed);
    }
    return fresh.map((event) => event.key);
  }

  join(key: ProcessKey, root: ProcessKey): void {
    this.#roots.set(processId(key), root);
  }

  /** The lineage of its parent, or the one the kernel has it in. */
  lineageAbove({ parent, root }: SeedEvent): ProcessKey | null {
    const ofRoot = root === null ? undefined : this.#roots.get(processId(root));
    return ofRoot ?? this.#roots.get(processId(parent)) ?? null;
  }

  fact(fact: ProcessFact): Answered[] {
    const seed = this.#waiting.get(processId(fact.key));
    if (seed === undefined) return [];
    seed.fact = fact;
    return this.#settle(seed);
  }

  /** Whoever did not answer in time is gone. */
  tick(nowNs: bigint): Answered[] {
    if (this.#waiting.size === 0) this.#roots.clear();
    // Seeds may come before the first word about the time.
    if (this.#sinceNs === 0n) this.#sinceNs = nowNs;
    if (this.#waiting.size === 0 || nowNs - this.#sinceNs < DEADLINE_NS) return [];
    const late = [...this.#waiting.values()];
    for (const seed of late) seed.fact ??= { fact: 'process', key: seed.event.key, gone: true };
    return late.flatMap((seed) => this.#settle(seed));
  }

  #settle(first: Seed): Answered[] {
    const answered: Answered[] = [];
    const ready = [first];
    for (let seed = ready.pop(); seed !== undefined; seed = ready.pop()) {
      const { event, above, fact } = seed;
      const id = processId(event.key);
      if (fact === null || !this.#waiting.has(id)) continue;
      if (above !== id && this.#waiting.has(above)) continue;
      this.#waiting.delete(id);
      answered.push({ event, fact });
      ready.push(...(this.#children.get(id) ?? []));
      this.#children.delete(id);
    }
    return answered;
  }
}

/**
 * Its parent; or, when the kernel already has it in a lineage its parent is not in, the root of that: a daemon that
 * starts over finds the processes that left their parents.
 */
function idAbove({ root, parent }: SeedEvent, seeds: ReadonlyMap<ProcessId, SeedEvent>): ProcessId {
  const parentRoot = seeds.get(processId(parent))?.root ?? null;
  if (root === null || !seeds.has(processId(root))) return processId(parent);
  if (parentRoot !== null && processId(parentRoot) === processId(root)) return processId(parent);
  return processId(root);
}
