import {
  processId,
  type FdRelayEvent,
  type ProcessId,
  type ProcessKey,
  type SocketsFact,
  type Tuple,
} from '../event/index.js';
import type { AgentInfo } from '../event/index.js';
import { judgeFdRelay, type Party } from '../bypass/index.js';
import type { Rooms } from './activity.js';
import type { Actors } from './actors.js';

/** Who a process belongs to, and which connections it had before, may come out of other rings and look-ups. */
const WAIT_NS = 2_000_000_000n;
const WAITING_MAX = 4096;
const BEFORE_MAX = 16_384;
const LOOKED_MAX = 16_384;

/** Connections that are used by another lineage than the one that opened them. */
export class PassedSockets {
  readonly #rooms: Rooms;
  readonly #actors: Actors;
  #waiting: FdRelayEvent[] = [];
  /** Connections of agents' processes from before the sensors. */
  readonly #before = new Set<string>();
  /** Processes that had to be asked for theirs, and whether that was answered. */
  readonly #looked = new Map<ProcessId, boolean>();
  readonly #stats = { relays: 0, kin: 0, before: 0, unattributed: 0, hurried: 0, evicted: 0 };
  #nowNs = 0n;

  constructor(rooms: Rooms, actors: Actors) {
    this.#rooms = rooms;
    this.#actors = actors;
  }

  on(event: FdRelayEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length <= WAITING_MAX) return;
    this.#stats.hurried += 1;
    this.#judge(this.#waiting.shift());
  }

  /** Asked for when a process is adopted. */
  asked(key: ProcessKey): void {
    this.#bound(this.#looked, LOOKED_MAX);
    this.#looked.set(processId(key), false);
  }

  sockets({ key, gone, connections }: SocketsFact): void {
    if (!gone && this.#looked.has(processId(key))) this.#looked.set(processId(key), true);
    for (const one of connections) {
      this.#bound(this.#before, BEFORE_MAX);
      this.#before.add(endsOf(one));
    }
  }

  tick(bootNs: bigint): void {
    if (bootNs > this.#nowNs) this.#nowNs = bootNs;
    const isDue = ({ origin }: FdRelayEvent): boolean => this.#nowNs - origin.bootNs >= WAIT_NS;
    const due = this.#waiting.filter(isDue);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((event) => !isDue(event));
    for (const event of due) this.#judge(event);
  }

  stats() {
    return { ...this.#stats, waiting: this.#waiting.length };
  }

  #judge(event: FdRelayEvent | undefined): void {
    if (event === undefined) return;
    const user = this.#party(event.user);
    const opener = event.opener === null ? null : this.#party(event.opener);
    if (user.agent === null && (opener?.agent ?? null) === null) {
      this.#stats.unattributed += 1;
      return;
    }
    if (
      user.agent !== null &&
      opener?.agent != null &&
      areKin(user.agent.info, opener.agent.info)
    ) {
      this.#stats.kin += 1;
      return;
    }
    if (event.opener === null && this.#before.has(endsOf(event.tuple))) {
      this.#stats.before += 1;
      return;
    }
    this.#stats.relays += 1;
    const unsure = event.opener === null && this.#looked.get(processId(event.user.key)) === false;
    this.#rooms.output.value(...judgeFdRelay({ event, opener, user, unsure }));
  }

  /** By what is known now; else by what the kernel knew. */
  #party({ key, root }: { readonly key: ProcessKey; readonly root: ProcessKey | null }): Party {
    const actor = this.#actors.ofProcess(key) ?? this.#actors.of({ key, root });
    return actor ?? { agent: null, process: this.#rooms.processes.describe(key) };
  }

  #bound(table: Set<string> | Map<ProcessId, boolean>, most: number): void {
    const [oldest] = table.keys();
    if (oldest === undefined || table.size < most) return;
    table.delete(oldest as ProcessId);
    this.#stats.evicted += 1;
  }
}

type Ends = Pick<Tuple, 'srcPort' | 'dstIp' | 'dstPort'>;

const endsOf = ({ srcPort, dstIp, dstPort }: Ends): string => `${srcPort} ${dstIp} ${dstPort}`;

/** An agent that an agent started may have inherited what that one had opened. */
const areKin = (a: AgentInfo, b: AgentInfo): boolean =>
  a.session === b.session || isAbove(a, b) || isAbove(b, a);

const isAbove = (a: AgentInfo, { under }: AgentInfo): boolean =>
  under?.parent.session === a.session || under?.root.session === a.session;
