import { processId, type ProcessId, type ProcessKey } from '../event/index.js';

const WATCHED_MAX = 4096;

export interface WatchedRoot {
  readonly root: ProcessKey;
  readonly exe: string;
  readonly uid: number;
  /** What it runs, for its name. */
  readonly name: string;
  readonly looks: readonly string[];
}

/** Interpreters that are nobody's agent so far. The oldest goes first, and is a stranger then. */
export class WatchedRoots {
  readonly #roots = new Map<ProcessId, WatchedRoot>();
  #evicted = 0;

  /** Gives whoever had to go. */
  add(root: WatchedRoot): ProcessKey | null {
    const id = processId(root.root);
    const [oldest] = this.#roots.values();
    const isFull = this.#roots.size >= WATCHED_MAX && !this.#roots.has(id);
    const gone = isFull && oldest !== undefined ? oldest.root : null;
    if (gone !== null) {
      this.#roots.delete(processId(gone));
      this.#evicted += 1;
    }
    this.#roots.set(id, root);
    return gone;
  }

  get(root: ProcessKey): WatchedRoot | null {
    return this.#roots.get(processId(root)) ?? null;
  }

  forget(root: ProcessKey): void {
    this.#roots.delete(processId(root));
  }

  stats(): { watched: number; watchedEvicted: number } {
    return { watched: this.#roots.size, watchedEvicted: this.#evicted };
  }
}
