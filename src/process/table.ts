import {
  processId,
  type ExecEvent,
  type ExitEvent,
  type ForkEvent,
  type ProcessFact,
  type ProcessId,
  type ProcessInfo,
  type ProcessKey,
  type SeedEvent,
} from '../event/index.js';
import {
  aboveOf,
  chainOf,
  emptyEntry,
  type Entry,
  forkedEntry,
  type Image,
  infoOf,
  UNKNOWN_UID,
} from './entry.js';
import { programOf } from './program.js';

const PROCESSES_MAX = 65_536;
/** Network and payload rings are read apart from the lifecycle ring: what a process did may come after its end. */
const GRACE_NS = 30_000_000_000n;

export interface ProcessStats {
  readonly processes: number;
  readonly ended: number;
  /** Forgotten before their grace time was over, for want of room. */
  readonly evictedEnded: number;
  readonly evictedLive: number;
  /** Processes first seen by something else than their fork. */
  readonly unannounced: number;
}

/** Every process of a lineage, living or lately ended. Lineage is by the caller of fork, not by ppid. */
export class ProcessTable {
  readonly #entries = new Map<ProcessId, Entry>();
  /** In the order of their ends. */
  readonly #ended = new Set<ProcessId>();
  readonly #limit: number;
  #evictedEnded = 0;
  #evictedLive = 0;
  #unannounced = 0;

  constructor(limit = PROCESSES_MAX) {
    this.#limit = limit;
  }

  on(event: ForkEvent | ExecEvent | ExitEvent | SeedEvent): void {
    switch (event.kind) {
      case 'fork':
        this.#fork(event);
        return;
      case 'exec':
        this.#exec(event);
        return;
      case 'exit':
        this.#exit(event);
        return;
      case 'seed':
        this.#seed(event);
    }
  }

  /** Completes what the kernel did not say; never overwrites what it did. */
  learn(fact: ProcessFact): void {
    const entry = this.#entries.get(processId(fact.key));
    if (entry === undefined || fact.gone) return;
    if (entry.exe === '') entry.argv = fact.argv ?? [];
    if (entry.exeTruncated) entry.exe = completed(entry.exe, fact.exe);
    if (entry.cwdTruncated) entry.cwd = completed(entry.cwd, fact.cwd);
    if (entry.uid === UNKNOWN_UID) entry.uid = fact.uid ?? UNKNOWN_UID;
    entry.container ??= fact.container ?? null;
    if (entry.nsPid === 0) entry.nsPid = fact.nsPid ?? 0;
    entry.program ??= programOf(entry.exe, entry.argv, entry.cwd);
  }

  /** A process known by nothing but its key so far, so that facts about it find it. */
  introduce(key: ProcessKey): void {
    if (!this.#entries.has(processId(key))) this.#add(emptyEntry(key, false));
  }

  /** Puts a process that existed before into a lineage; without a parent it is the root. */
  adopt(key: ProcessKey, root: ProcessKey, parent: ProcessKey | null): void {
    const id = processId(key);
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const from = parent === null ? undefined : this.#entries.get(processId(parent));
    const chain = from === undefined ? [] : chainOf(from);
    this.#entries.set(id, {
      ...entry,
      root,
      chain,
      above: from === undefined ? [] : aboveOf(from),
    });
  }

  /**
   * Makes a process the root of a lineage inside the one it is in, and takes those along that it has forked since. Gives
   * all that moved.
   */
  reroot(key: ProcessKey): readonly ProcessKey[] {
    const outer = this.rootOf(key);
    const entry = this.#entries.get(processId(key));
    if (entry === undefined || outer === null) return [];
    this.#entries.set(processId(key), { ...entry, root: key, above: [] });
    const moved = [key];
    for (const [id, one] of this.#entries) {
      if (one.root === null || processId(one.root) !== processId(outer) || !isBelow(one, key))
        continue;
      this.#entries.set(id, { ...one, root: key });
      moved.push(one.key);
    }
    return moved;
  }

  /** Images that lead to what this process is about to run, nearest first, up to the root of its lineage. */
  ledTo(key: ProcessKey): readonly Image[] {
    const entry = this.#entries.get(processId(key));
    if (entry === undefined) return [];
    return entry.execed ? aboveOf(entry) : entry.above;
  }

  /** Living or lately ended processes of a pid; more than one after the pid was used again. */
  ofPid(pid: number): readonly ProcessKey[] {
    return [...this.#entries.values()].flatMap(({ key }) => (key.tgid === pid ? [key] : []));
  }

  rootOf(key: ProcessKey): ProcessKey | null {
    return this.#entries.get(processId(key))?.root ?? null;
  }

  info(key: ProcessKey): ProcessInfo | null {
    const entry = this.#entries.get(processId(key));
    return entry === undefined ? null : infoOf(entry);
  }

  /** Known or not: a process nobody announced is a pid and a start time. */
  describe(key: ProcessKey): ProcessInfo {
    return this.info(key) ?? infoOf(emptyEntry(key, false));
  }

  /** Forgets those whose grace time is over. `nowNs`: CLOCK_BOOTTIME. */
  tick(nowNs: bigint): void {
    for (const id of this.#ended) {
      const endedNs = this.#entries.get(id)?.endedNs ?? 0n;
      if (nowNs - endedNs < GRACE_NS) return;
      this.#drop(id);
    }
  }

  forget(key: ProcessKey): void {
    this.#drop(processId(key));
  }

  stats(): ProcessStats {
    return {
      processes: this.#entries.size,
      ended: this.#ended.size,
      evictedEnded: this.#evictedEnded,
      evictedLive: this.#evictedLive,
      unannounced: this.#unannounced,
    };
  }

  #fork({ key, child, root }: ForkEvent): void {
    const parent = this.#find(key);
    parent.root ??= root;
    // The child's own records can have come first, when the fork's was read late.
    if (!this.#entries.has(processId(child))) this.#add(forkedEntry(parent, child));
  }

  #exec(event: ExecEvent): void {
    // A root was outside every lineage before, so nobody announced it.
    if (event.asksVerdict) this.introduce(event.key);
    const entry = this.#find(event.key);
    // The kernel makes a root with this exec, and the record may be older than that.
    entry.root ??= event.root ?? (event.asksVerdict ? event.key : null);
    // What a root ran before it was the agent says nothing of the agent.
    const isRoot = entry.root !== null && processId(entry.root) === processId(event.key);
    if (entry.execed && !isRoot) entry.above = aboveOf(entry);
    entry.execed = true;
    entry.ppid = event.parent.tgid;
    entry.uid = event.uid;
    entry.exe = event.path;
    entry.exeTruncated = event.pathTruncated;
    entry.argv = event.argv;
    entry.argvTruncated = event.argvTruncated;
    entry.cwd = event.cwd;
    entry.cwdTruncated = event.cwdTruncated;
    entry.program = programOf(event.path, event.argv, event.cwd);
    entry.nsPid = event.nsPid;
  }

  #exit({ key, origin }: ExitEvent): void {
    const entry = this.#find(key);
    entry.endedNs ??= origin.bootNs;
    this.#ended.add(processId(key));
  }

  #seed(event: SeedEvent): void {
    const entry = this.#entries.get(processId(event.key)) ?? this.#add(emptyEntry(event.key, true));
    // What its own records said is not overwritten.
    if (entry.ppid === 0) entry.ppid = event.parent.tgid;
    if (entry.uid === UNKNOWN_UID) entry.uid = event.uid;
  }

  #find(key: ProcessKey): Entry {
    const known = this.#entries.get(processId(key));
    if (known !== undefined) return known;
    this.#unannounced += 1;
    return this.#add(emptyEntry(key, false));
  }

  #add(entry: Entry): Entry {
    if (this.#entries.size >= this.#limit) this.#evict();
    this.#entries.set(processId(entry.key), entry);
    return entry;
  }

  #evict(): void {
    const [ended] = this.#ended;
    const [oldest] = this.#entries.keys();
    if (ended === undefined) this.#evictedLive += 1;
    else this.#evictedEnded += 1;
    const id = ended ?? oldest;
    if (id !== undefined) this.#drop(id);
  }

  #drop(id: ProcessId): void {
    this.#entries.delete(id);
    this.#ended.delete(id);
  }
}

/** The fork that made it, or one above that, was of this process, which still has its pid. */
const isBelow = ({ chain, key }: Entry, top: ProcessKey): boolean =>
  key.startNs >= top.startNs && chain.some(({ pid }) => pid === top.tgid);

/** A path the kernel walked only in part is one end of the whole one; anything else is about a later image. */
const completed = (known: string, full = ''): string =>
  full.endsWith(known) || full.startsWith(known) ? full : known;
