import {
  imageIdText,
  processId,
  type ImageFact,
  type ImageId,
  type ProcessFact,
  type ProcessId,
  type ProcessKey,
  type SeedEvent,
} from '../event/index.js';
import type { Image } from './running.js';

const SEEDS_MAX = 65_536;
const DEADLINE_NS = 10_000_000_000n;
const ABOVE_MAX = 32;

interface Seed {
  readonly event: SeedEvent;
  /** Decided before this one. */
  readonly above: ProcessId;
  /** null: not answered yet. */
  fact: ProcessFact | null;
  /** What its file holds must be known, too. */
  awaits: string | null;
}

interface Member extends Image {
  readonly root: ProcessKey;
  readonly parent: ProcessId | null;
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
  /** Each process found to be in a lineage, while its descendants may still be asked about. */
  readonly #members = new Map<ProcessId, Member>();
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
      const seed: Seed = { event, above: idAbove(event, byId), fact: null, awaits: null };
      this.#waiting.set(id, seed);
      const siblings = this.#children.get(seed.above);
      if (siblings === undefined) this.#children.set(seed.above, [seed]);
      else siblings.push(seed);
    }
    return fresh.map((event) => event.key);
  }

  join(key: ProcessKey, root: ProcessKey, seen?: Answered): void {
    const { exe = '', argv = [] } = seen?.fact ?? {};
    const parent = seen === undefined ? null : processId(seen.event.parent);
    this.#members.set(processId(key), { root, parent, exe, argv });
  }

  /**
   * The lineage its parent is in, and the one the kernel has it in. The kernel may not have heard of an agent inside
   * another one's lineage; a parent may have ended.
   */
  lineagesAbove({ parent, root }: SeedEvent): {
    readonly ofParent: ProcessKey | null;
    readonly ofKernel: ProcessKey | null;
  } {
    const member = root === null ? undefined : this.#members.get(processId(root));
    return {
      ofParent: this.#members.get(processId(parent))?.root ?? null,
      ofKernel: member?.root ?? null,
    };
  }

  /** What its parent runs, and so on up to the root of its lineage. */
  imagesAbove({ parent }: SeedEvent, root: ProcessKey): readonly Image[] {
    const images: Image[] = [];
    let id: ProcessId | null = processId(parent);
    while (id !== null && images.length < ABOVE_MAX) {
      const member = this.#members.get(id);
      if (member === undefined || processId(member.root) !== processId(root)) break;
      images.push(member);
      id = member.parent;
    }
    return images;
  }

  has(key: ProcessKey): boolean {
    return this.#waiting.has(processId(key));
  }

  /** `awaits`: what that file holds must come first; its process is decided with it, or when time is up. */
  fact(fact: ProcessFact, awaits: ImageId | null): Answered[] {
    const seed = this.#waiting.get(processId(fact.key));
    if (seed === undefined) return [];
    seed.fact = fact;
    seed.awaits = awaits === null ? null : imageIdText(awaits);
    return this.#settle(seed);
  }

  image({ image }: ImageFact): Answered[] {
    const id = imageIdText(image);
    const seeds = [...this.#waiting.values()].filter(({ awaits }) => awaits === id);
    for (const seed of seeds) seed.awaits = null;
    return seeds.flatMap((seed) => this.#settle(seed));
  }

  /** Whoever did not answer in time is gone. */
  tick(nowNs: bigint): Answered[] {
    if (this.#waiting.size === 0) this.#members.clear();
    // Seeds may come before the first word about the time.
    if (this.#sinceNs === 0n) this.#sinceNs = nowNs;
    if (this.#waiting.size === 0 || nowNs - this.#sinceNs < DEADLINE_NS) return [];
    const late = [...this.#waiting.values()];
    for (const seed of late) {
      seed.fact ??= { fact: 'process', key: seed.event.key, gone: true };
      seed.awaits = null;
    }
    return late.flatMap((seed) => this.#settle(seed));
  }

  #settle(first: Seed): Answered[] {
    const answered: Answered[] = [];
    const ready = [first];
    for (let seed = ready.pop(); seed !== undefined; seed = ready.pop()) {
      const { event, above, fact, awaits } = seed;
      const id = processId(event.key);
      if (fact === null || awaits !== null || !this.#waiting.has(id)) continue;
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
 * Its parent; or, when the kernel has it in a lineage and its parent in none, the root of that: a daemon that starts over
 * finds the processes that left their parents.
 */
function idAbove({ root, parent }: SeedEvent, seeds: ReadonlyMap<ProcessId, SeedEvent>): ProcessId {
  const parentRoot = seeds.get(processId(parent))?.root ?? null;
  if (root === null || !seeds.has(processId(root)) || parentRoot !== null) return processId(parent);
  return processId(root);
}
