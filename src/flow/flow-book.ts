import { processId, type ProcessId, type ProcessKey } from '../event/index.js';
import type { FlowEntry } from './flow-entry.js';
import { LruMap } from './lru-map.js';

const FLOWS_MAX = 65_536;

/** The flows that are kept: by slot, by process, and those that time can change. */
export class FlowBook {
  readonly #flows = new LruMap<string, FlowEntry>(FLOWS_MAX);
  readonly #ofProcess = new Map<ProcessId, Set<FlowEntry>>();
  /** An established TCP connection is not among them: a tick costs what changes, not what is open. */
  readonly timed = new Set<FlowEntry>();

  get size(): number {
    return this.#flows.size;
  }

  find(slot: string): FlowEntry | undefined {
    return this.#flows.get(slot);
  }

  of(key: ProcessKey): readonly FlowEntry[] {
    return [...(this.#ofProcess.get(processId(key)) ?? [])];
  }

  /** Gives back the flow that had to go. */
  add(entry: FlowEntry): FlowEntry | null {
    const process = processId(entry.key);
    const flows = this.#ofProcess.get(process) ?? new Set();
    this.#ofProcess.set(process, flows.add(entry));
    this.timed.add(entry);
    const evicted = this.#flows.set(entry.slot, entry)?.value ?? null;
    if (evicted !== null) this.drop(evicted);
    return evicted;
  }

  drop(entry: FlowEntry): void {
    if (this.#flows.get(entry.slot) === entry) this.#flows.delete(entry.slot);
    this.timed.delete(entry);
    const process = processId(entry.key);
    const flows = this.#ofProcess.get(process);
    flows?.delete(entry);
    if (flows?.size === 0) this.#ofProcess.delete(process);
  }
}
