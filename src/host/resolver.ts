import { Worker } from 'node:worker_threads';
import { resolveFile, type Resolution } from '../resolve/index.js';
import { readerOf, type OpenFile } from './files.js';
import type { Answer, Job } from './resolver-worker.js';

/** Files remembered; the one not asked for the longest goes. */
const FILES_MAX = 4096;
const QUEUE_MAX = 256;
/** The largest real program takes a tenth of it. */
const JOB_MS = 30_000;
/** Of a smaller one without a stack it takes no time to find out again. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** A worker that has nothing to do costs memory for nothing. */
const IDLE_MS = 3000;
const HEAP_MB = 192;

/** Frees what the job was given; called once, whatever became of it. */
type Release = () => void;
type Done = (resolution: Resolution) => void;

interface Waiting {
  readonly file: OpenFile;
  readonly release: Release;
  readonly done: Done[];
}

/** What is known from before, and who keeps what becomes known of large files, and of those that hold a stack. */
export interface ResolverMemory {
  readonly known: readonly (readonly [version: string, resolution: Resolution])[];
  keep(version: string, resolution: Resolution): void;
}

export interface ResolverStats {
  readonly resolved: number;
  /** Files whose look-up was given up: too slow, or too large for the worker's memory. */
  readonly abandoned: number;
  /** Files not looked into because too many were waiting. */
  readonly refused: number;
}

/**
 * What TLS stacks files hold. Answers are remembered by the file's version; what is not known is found out in a worker
 * thread, one file after another, so that no file, however large or ill-made, holds up the event loop.
 */
export class Resolver {
  readonly #known: Map<string, Resolution>;
  readonly #memory: ResolverMemory | null;
  readonly #queue = new Map<string, Waiting>();
  #worker: Worker | null = null;
  #current: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #resolved = 0;
  #abandoned = 0;
  #refused = 0;

  constructor(memory: ResolverMemory | null = null) {
    this.#memory = memory;
    this.#known = new Map(memory?.known);
  }

  /** null: not known yet. */
  known({ version }: Pick<OpenFile, 'version'>): Resolution | null {
    const found = this.#known.get(version);
    if (found === undefined) return null;
    this.#known.delete(version);
    this.#known.set(version, found);
    return found;
  }

  /** At once, on this thread: for the few files of the system that everybody uses. */
  now(file: OpenFile): Resolution {
    return this.known(file) ?? this.#keep(file, resolveFile(readerOf(file)));
  }

  /**
   * Later, in the worker. The descriptor is read until `release` is called. False: too many files wait; nothing will
   * be called.
   */
  later(file: OpenFile, release: Release, done: Done): boolean {
    const same = this.#queue.get(file.version);
    if (same !== undefined) {
      same.done.push(done);
      release();
      return true;
    }
    if (this.#queue.size >= QUEUE_MAX) {
      this.#refused += 1;
      return false;
    }
    this.#queue.set(file.version, { file, release, done: [done] });
    this.#next();
    return true;
  }

  stats(): ResolverStats {
    return { resolved: this.#resolved, abandoned: this.#abandoned, refused: this.#refused };
  }

  #next(): void {
    if (this.#current !== null) return;
    const [version] = this.#queue.keys();
    const waiting = version === undefined ? undefined : this.#queue.get(version);
    if (version === undefined || waiting === undefined) {
      this.#in(IDLE_MS, () => {
        this.#end();
      });
      return;
    }
    this.#current = version;
    const { fd, size } = waiting.file;
    this.#running().postMessage({ version, fd, size } satisfies Job);
    this.#in(JOB_MS, () => {
      this.#abandon('too slow to look into');
    });
  }

  #running(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(new URL('./resolver-worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    worker.on('message', ({ version, resolution }: Answer) => {
      if (worker === this.#worker && version === this.#current) this.#settle(resolution);
    });
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (worker === this.#worker) this.#abandon(error.code ?? error.name);
    });
    // What is looked into must not keep a daemon that stops.
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #abandon(reason: string): void {
    this.#abandoned += 1;
    this.#end();
    this.#settle({ ok: false, reason });
  }

  #settle(resolution: Resolution): void {
    const version = this.#current;
    const waiting = version === null ? undefined : this.#queue.get(version);
    if (version === null || waiting === undefined) return;
    this.#current = null;
    this.#queue.delete(version);
    this.#resolved += 1;
    waiting.release();
    this.#keep(waiting.file, resolution);
    for (const done of waiting.done) done(resolution);
    this.#next();
  }

  #keep({ version, size }: OpenFile, resolution: Resolution): Resolution {
    const holdsStack = resolution.ok && resolution.found.length > 0;
    if (holdsStack || size >= KEPT_BYTES) this.#memory?.keep(version, resolution);
    this.#known.set(version, resolution);
    const oldest = this.#known.keys().next();
    if (this.#known.size > FILES_MAX && oldest.done !== true) this.#known.delete(oldest.value);
    return resolution;
  }

  #in(ms: number, then: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms).unref();
  }

  #end(): void {
    void this.#worker?.terminate();
    this.#worker = null;
  }
}
