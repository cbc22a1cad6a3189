import { processId, type CoverageState, type Origin, type ProcessKey } from '../event/index.js';
import type { CoverageRow } from './coverage.js';
import { bestOf } from './judge.js';
import { isRescanDue, watchProcess, type WatchedProcess } from './watched-process.js';

/** Plaintext may come out of its ring after the exit came out of another. */
const REMEMBER_DEAD_NS = 2_000_000_000n;
const PROCESSES_MAX = 32_768;

/** The processes of agents, the dead among them for a while. */
export class WatchedProcesses {
  readonly #processes = new Map<string, WatchedProcess>();
  #live = 0;
  #evicted = 0;

  get live(): number {
    return this.#live;
  }

  get(key: ProcessKey): WatchedProcess | undefined {
    return this.#processes.get(processId(key));
  }

  byId(id: string): WatchedProcess | undefined {
    return this.#processes.get(id);
  }

  all(): Iterable<WatchedProcess> {
    return this.#processes.values();
  }

  /** Of whom it is asked again what they map, and who has ended so long ago that nothing more of them comes. */
  due(nowNs: bigint): { rescan: WatchedProcess[]; dead: WatchedProcess[] } {
    const rescan: WatchedProcess[] = [];
    const dead: WatchedProcess[] = [];
    for (const process of this.all()) {
      if (process.endedNs !== null) {
        if (nowNs - process.endedNs >= REMEMBER_DEAD_NS) dead.push(process);
      } else if (process.stacks.size === 0 && isRescanDue(process, nowNs)) {
        rescan.push(process);
      }
    }
    return { rescan, dead };
  }

  /** What was told of the living. */
  rows(): CoverageRow[] {
    return [...this.all()].flatMap(({ key, rows, endedNs }) =>
      endedNs === null ? [...rows.values()].map((coverage) => ({ key, coverage })) : [],
    );
  }

  /** The oldest makes room: `evicted` is told before it goes. */
  add(key: ProcessKey, origin: Origin, evicted: (process: WatchedProcess) => void): WatchedProcess {
    const [oldest] = this.#processes.values();
    if (oldest !== undefined && this.#processes.size >= PROCESSES_MAX) {
      this.end(oldest, origin);
      evicted(oldest);
      this.remove(oldest);
      this.#evicted += 1;
    }
    const process = watchProcess(key, origin);
    this.#processes.set(process.id, process);
    this.#live += 1;
    return process;
  }

  end(process: WatchedProcess, origin: Origin): void {
    if (process.endedNs !== null) return;
    process.endedNs = origin.bootNs;
    this.#live -= 1;
  }

  remove(process: WatchedProcess): void {
    this.#processes.delete(process.id);
  }

  stats(): { processes: number; coverage: Record<CoverageState, number>; evicted: number } {
    const coverage = { plaintext: 0, metadata: 0, blind: 0 };
    for (const process of this.all()) {
      const best = process.endedNs === null ? bestOf(process.rows) : null;
      if (best !== null) coverage[best.state] += 1;
    }
    return { processes: this.#processes.size, coverage, evicted: this.#evicted };
  }
}
