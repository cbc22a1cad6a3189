import {
  processId,
  type ExecEvent,
  type ImageId,
  type Origin,
  type ProcessId,
  type ProcessKey,
} from '../../event/index.js';
import type { Source } from './fileless.js';

const PROCESSES_MAX = 32_768;

/** A contradiction between an exec and a later look, until a second look. */
export interface Doubt {
  readonly way: string;
  /** When it was first seen; null: before the next tick. */
  sinceNs: bigint | null;
  again: boolean;
}

/** A process since its last exec, or since it was first heard of. */
export interface Known {
  readonly key: ProcessKey;
  /** Of its exec, or of what it was first heard of by. */
  readonly origin: Origin;
  /** Empty: it executed nothing that was seen. */
  readonly exe: string;
  readonly file: ImageId | null;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Where its file had a name at its exec; null: nowhere, or the path is not whole. */
  readonly ranAt: string | null;
  /** Ways of hiding that were told. */
  readonly said: Set<string>;
  /** Executed from memory, and what it may be a copy of. */
  fileless: { readonly event: ExecEvent; readonly sources: readonly Source[] } | null;
  /** A name it gave itself while its executable was not known. */
  claimed: string | null;
  doubt: Doubt | null;
  /** Questions about it that are open, by what they are about. */
  asked: number;
  images: number;
  looked: boolean;
  ended: boolean;
}

export const knownFromExec = (event: ExecEvent): Known => ({
  ...bare(event.key, event.origin),
  exe: event.path,
  file: event.file,
  argv: event.argv,
  cwd: event.cwd,
  ranAt: event.nlink > 0 && !event.pathTruncated ? event.path : null,
});

export const bare = (key: ProcessKey, origin: Origin): Known => ({
  key,
  origin,
  exe: '',
  file: null,
  argv: [],
  cwd: '',
  ranAt: null,
  said: new Set(),
  fileless: null,
  claimed: null,
  doubt: null,
  asked: 0,
  images: 0,
  looked: false,
  ended: false,
});

/**
 * Processes by key. One that ended stays while a question about it is open; when there is no room, the one that executed
 * something longest ago goes.
 */
export class ProcessBook {
  readonly #known = new Map<ProcessId, Known>();
  readonly #limit: number;
  #evicted = 0;

  constructor(limit = PROCESSES_MAX) {
    this.#limit = limit;
  }

  get(id: ProcessId): Known | undefined {
    return this.#known.get(id);
  }

  /** Replaces what was known of it. */
  put(known: Known): Known {
    const id = processId(known.key);
    this.#known.delete(id);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= this.#limit) {
      this.#known.delete(oldest);
      this.#evicted += 1;
    }
    this.#known.set(id, known);
    return known;
  }

  exit(key: ProcessKey): void {
    const known = this.#known.get(processId(key));
    if (known === undefined) return;
    known.ended = true;
    this.release(known);
  }

  /** Forgets it when it ended and nothing about it is open. */
  release(known: Known): void {
    const id = processId(known.key);
    const isOpen = known.asked > 0 || known.images > 0;
    if (known.ended && !isOpen && this.#known.get(id) === known) this.#known.delete(id);
  }

  stats(): { processes: number; processesEvicted: number } {
    return { processes: this.#known.size, processesEvicted: this.#evicted };
  }
}
