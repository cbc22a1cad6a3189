import {
  globMatches,
  processId,
  type ExecEvent,
  type ExitEvent,
  type FlowOpenEvent,
  type FlowStateEvent,
  type FlowUpdateEvent,
  type ForkEvent,
  type KernelEvent,
  type Origin,
  type ProcessId,
  type ProcessKey,
  type WireHeadEvent,
} from '../event/index.js';
import { type FlowChange, FlowTable } from '../flow/index.js';
import { Lineage } from '../process/index.js';

const EVENTS_OF_ROOT_MAX = 256;
const EVENTS_MAX = 16_384;

type Kept =
  ExitEvent | ForkEvent | FlowOpenEvent | FlowStateEvent | FlowUpdateEvent | WireHeadEvent;

interface WatchedRoot {
  readonly lineage: Lineage;
  /** The last one of the root itself: who it is. */
  exec: ExecEvent | null;
  /** In order, the newest at the end. */
  readonly events: Kept[];
}

/** A watched process has spoken to a model's host. */
export interface Spoken {
  readonly root: ProcessKey;
  readonly origin: Origin;
  readonly host: string;
}

/**
 * Interpreters that are nobody's agent, until one speaks to a model's host. Of each the latest events are kept, so that
 * the first call of an agent found this way is not lost.
 */
export class Watched {
  readonly #modelHosts: readonly string[];
  readonly #flows = new FlowTable();
  readonly #roots = new Map<ProcessId, WatchedRoot>();
  /** Of each process that was forked and is not the root. */
  readonly #rootsOf = new Map<ProcessId, ProcessKey>();
  #events = 0;
  #forgotten = 0;

  constructor(modelHosts: readonly string[]) {
    this.#modelHosts = modelHosts.map((glob) => glob.toLowerCase());
  }

  begin(root: ProcessKey): void {
    const id = processId(root);
    if (this.#roots.has(id)) return;
    this.#roots.set(id, { lineage: new Lineage(root), exec: null, events: [] });
  }

  has(root: ProcessKey): boolean {
    return this.#roots.has(processId(root));
  }

  on(event: KernelEvent, root: ProcessKey): readonly Spoken[] {
    const watched = this.#roots.get(processId(root));
    if (watched === undefined) return [];
    watched.lineage.on(event);
    switch (event.kind) {
      case 'exec':
        // Its own image is not what is watched; the kernel has let it go, or asks about it.
        if (event.scope === 'watched') this.#left(watched, event.key);
        else if (processId(event.key) === processId(root)) watched.exec = event;
        return [];
      case 'fork':
        this.#rootsOf.set(processId(event.child), root);
        this.#keep(watched, event);
        return [];
      case 'exit':
        this.#rootsOf.delete(processId(event.key));
        this.#keep(watched, event);
        return this.#spoken(this.#flows.exit(event.key));
      case 'flow_open':
      case 'flow_state':
      case 'flow_update':
        this.#keep(watched, event);
        return this.#spoken(this.#flows.on(event));
      case 'wire_head':
        // Its bytes are a view of a batch, and would keep all of that.
        this.#keep(watched, { ...event, bytes: new Uint8Array(event.bytes) });
        return this.#spoken(this.#flows.on(event));
      case 'seed':
      case 'rename':
      case 'unix_open':
      case 'fd_relay':
      case 'tls_send':
      case 'tls_data':
      case 'tls_free':
        return [];
    }
  }

  tick(bootNs: bigint): readonly Spoken[] {
    return this.#spoken(this.#flows.tick(bootNs));
  }

  /** A process executed something and is asked about for itself. Gives the root it was watched with. */
  leaves(key: ProcessKey): ProcessKey | null {
    const root = this.#rootsOf.get(processId(key)) ?? null;
    const watched = root === null ? undefined : this.#roots.get(processId(root));
    if (watched === undefined) return null;
    this.#left(watched, key);
    return root;
  }

  /** The last process of its lineage has ended, or runs something else. */
  isOver(root: ProcessKey): boolean {
    return this.#roots.get(processId(root))?.lineage.size === 0;
  }

  execOf(root: ProcessKey): ExecEvent | null {
    return this.#roots.get(processId(root))?.exec ?? null;
  }

  /** Gives what was kept, in order, with the members that live, and forgets the root. */
  take(root: ProcessKey): { events: readonly KernelEvent[]; members: readonly ProcessKey[] } {
    const watched = this.#roots.get(processId(root));
    if (watched === undefined) return { events: [], members: [] };
    this.#roots.delete(processId(root));
    this.#events -= watched.events.length;
    const { exec, events, lineage } = watched;
    for (const member of lineage.members()) this.#rootsOf.delete(processId(member));
    return { events: exec === null ? events : [exec, ...events], members: lineage.members() };
  }

  stats() {
    const { size } = this.#roots;
    return { roots: size, events: this.#events, forgotten: this.#forgotten };
  }

  #left({ lineage }: WatchedRoot, key: ProcessKey): void {
    this.#rootsOf.delete(processId(key));
    lineage.gone(key);
    this.#flows.exit(key);
  }

  #keep(watched: WatchedRoot, event: Kept): void {
    if (watched.events.length >= EVENTS_OF_ROOT_MAX || this.#events >= EVENTS_MAX) {
      this.#forgotten += 1;
      if (watched.events.shift() === undefined) return;
      this.#events -= 1;
    }
    watched.events.push(event);
    this.#events += 1;
  }

  #spoken(changes: readonly FlowChange[]): readonly Spoken[] {
    return changes.flatMap((change) => {
      const { flow, origin } = change;
      const host = nameIn(change);
      if (flow.root === null || host === null || flow.net.result === 'failed') return [];
      const isModel = this.#modelHosts.some((glob) => globMatches(glob, host));
      return isModel ? [{ root: flow.root, origin, host }] : [];
    });
  }
}

/** The strongest name this change says of its flow, in the form globs are written in. */
function nameIn(change: FlowChange): string | null {
  switch (change.change) {
    case 'settled':
      return normal(change.flow.net.host ?? change.flow.net.dstIp);
    case 'named':
      return normal(change.host);
    case 'hello':
      return change.sni === null ? null : normal(change.sni);
    case 'dns':
    case 'closed':
      return null;
  }
}

const normal = (host: string): string => host.toLowerCase().replace(/\.$/, '');
