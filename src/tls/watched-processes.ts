import { processId, type CoverageState, type Origin, type ProcessKey } from '../event/index.js';
import type { CoverageRow } from './coverage.js';
import { bestOf } from './judge.js';
import { isRescanDue, watchProcess, type WatchedProcess } from './watched-process.js';

/** Plaintext may come out of its ring after the exit came out of another. */
const REMEMBER_DEAD_NS = 2_000_000_000n;
const PROCESSES_MAX = 32_768;
/** Looked at again at once; a look takes a fraction of a millisecond. Who is due and not among them is before whoever was. */
const RESCANS_MAX = 64;

/** The processes of agents, the dead among them for a while. */
export class WatchedProcesses {
  readonly #living = new Map<string, WatchedProcess>();
  /** The living, those looked at last behind. */
  readonly #turns = new Set<WatchedProcess>();
  /** In the order in which they ended. A storm of short processes leaves thousands: nobody walks over them. */
  readonly #dead = new Map<string, WatchedProcess>();
  #evicted = 0;

  get live(): number {
    return this.#living.size;
  }

  get(key: ProcessKey): WatchedProcess | undefined {
    return this.byId(processId(key));
  }

  byId(id: string): WatchedProcess | undefined {
    return this.#living.get(id) ?? this.#dead.get(id);
  }

  /** Of whom it is asked again what they map, and who has ended so long ago that nothing more of them comes. */
  due(nowNs: bigint): { rescan: WatchedProcess[]; dead: WatchedProcess[] } {
    const rescan: WatchedProcess[] = [];
    const dead: WatchedProcess[] = [];
    for (const process of this.#turns) {
      if (rescan.length === RESCANS_MAX) break;
      if (isRescanDue(process, nowNs)) rescan.push(process);
    }
    for (const process of rescan) {
      this.#turns.delete(process);
      this.#turns.add(process);
    }
    for (const process of this.#dead.values()) {
      if (nowNs - (process.endedNs ?? 0n) < REMEMBER_DEAD_NS) break;
      dead.push(process);
    }
    return { rescan, dead };
  }

  /** What was told of the living. */
  rows(): CoverageRow[] {
    return [...this.#living.values()].flatMap(({ key, rows }) =>
      [...rows.values()].map((coverage) => ({ key, coverage })),
    );
  }

  /** One that ended makes room, else the oldest: `evicted` is told before it goes. */
  add(key: ProcessKey, origin: Origin, evicted: (process: WatchedProcess) => void): WatchedProcess {
    if (this.#size >= PROCESSES_MAX) this.#evict(origin, evicted);
    const process = watchProcess(key, origin);
    this.#living.set(process.id, process);
    this.#turns.add(process);
    return process;
  }

  end(process: WatchedProcess, origin: Origin): void {
    if (process.endedNs !== null) return;
    process.endedNs = origin.bootNs;
    this.#living.delete(process.id);
    this.#turns.delete(process);
    this.#dead.set(process.id, process);
  }

  remove(process: WatchedProcess): void {
    this.#dead.delete(process.id);
  }

  stats(): { processes: number; coverage: Record<CoverageState, number>; evicted: number } {
    const coverage = { plaintext: 0, metadata: 0, blind: 0 };
    for (const process of this.#living.values()) {
      const best = bestOf(process.rows);
      if (best !== null) coverage[best.state] += 1;
    }
    return { processes: this.#size, coverage, evicted: this.#evicted };
  }

  get #size(): number {
    return this.#living.size + this.#dead.size;
  }

  #evict(origin: Origin, evicted: (process: WatchedProcess) => void): void {
    const [oldest] = this.#dead.size > 0 ? this.#dead.values() : this.#living.values();
    if (oldest === undefined) return;
    this.end(oldest, origin);
    evicted(oldest);
    this.remove(oldest);
    this.#evicted += 1;
  }
}
