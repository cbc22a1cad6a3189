import { processId, type KernelEvent, type ProcessId, type ProcessKey } from '../event/index.js';

const EVENTS_OF_ROOT_MAX = 4096;
const EVENTS_MAX = 65_536;

interface Held {
  readonly events: KernelEvent[];
  dropped: number;
}

export interface HeldStats {
  readonly roots: number;
  readonly events: number;
  /** Not held for want of room; when the root turns out an agent's, a gap says so. */
  readonly dropped: number;
}

/** What roots without a verdict did, until there is one. */
export class HeldEvents {
  readonly #roots = new Map<ProcessId, Held>();
  #count = 0;
  #dropped = 0;

  hold(root: ProcessKey, event: KernelEvent): void {
    const id = processId(root);
    const held = this.#roots.get(id) ?? { events: [], dropped: 0 };
    this.#roots.set(id, held);
    if (held.events.length >= EVENTS_OF_ROOT_MAX || this.#count >= EVENTS_MAX) {
      held.dropped += 1;
      this.#dropped += 1;
      return;
    }
    held.events.push(withoutBatch(event));
    this.#count += 1;
  }

  /** Gives them in order and forgets them. `dropped`: how many more there were. */
  take(root: ProcessKey): { events: readonly KernelEvent[]; dropped: number } {
    const id = processId(root);
    const held = this.#roots.get(id) ?? { events: [], dropped: 0 };
    this.#roots.delete(id);
    this.#count -= held.events.length;
    return held;
  }

  stats(): HeldStats {
    return { roots: this.#roots.size, events: this.#count, dropped: this.#dropped };
  }
}

/** Its bytes are a view of a batch, and would keep all of that. */
const withoutBatch = (event: KernelEvent): KernelEvent =>
  event.kind === 'wire_head' || event.kind === 'tls_data'
    ? { ...event, bytes: new Uint8Array(event.bytes) }
    : event;
