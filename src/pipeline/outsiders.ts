import {
  processId,
  type ChildrenFact,
  type ExecEvent,
  type KernelEvent,
  type ProcessFact,
  type ProcessId,
  type ProcessKey,
} from '../event/index.js';
import type { HandOffLink, RegistryStep } from '../agent/index.js';
import type { Relays } from './relays.js';
import type { Settling, SettlingRooms } from './settling.js';
import type { Spoken } from './watched.js';

interface OutsiderParts {
  readonly rooms: SettlingRooms;
  readonly settling: Settling;
  readonly relays: Relays;
  readonly apply: (step: RegistryStep) => void;
}

/** Roots that are nobody's agent yet: asked about, watched, or waited for behind a relay. */
export class Outsiders {
  readonly #parts: OutsiderParts;
  /** Children of relays that are being looked at, and their relay. */
  readonly #found = new Map<ProcessId, ProcessKey>();
  #nowNs = 0n;

  constructor(parts: OutsiderParts) {
    this.#parts = parts;
  }

  on(event: KernelEvent, root: ProcessKey): void {
    const { rooms, relays } = this.#parts;
    if (rooms.watched.has(root)) this.#ofWatched(event, root);
    else if (relays.expects(root)) this.#ofExpected(event, root);
    else this.#withoutAgent(event, root);
  }

  tick(bootNs: bigint): void {
    this.#nowNs = bootNs;
    for (const root of this.#parts.relays.tick(bootNs)) this.#parts.settling.drop(root);
    this.#spoken(this.#parts.rooms.watched.tick(bootNs));
  }

  /** What a relay had forked before it was watched: each is looked at. */
  children({ key: relay, children }: ChildrenFact): void {
    const { rooms, relays } = this.#parts;
    for (const key of children) {
      if (rooms.processes.rootOf(key) !== null || relays.expects(key)) continue;
      this.#found.set(processId(key), relay);
      rooms.output.command({ do: 'look_up_process', key, env: [] });
    }
  }

  /** One of these was looked at. What still runs its relay's program does the relay's own work. */
  looked(fact: ProcessFact): void {
    const { rooms, relays, apply } = this.#parts;
    const { key, exe = '', uid = UNKNOWN_UID } = fact;
    const relay = this.#found.get(processId(key));
    if (relay === undefined) return;
    this.#found.delete(processId(key));
    const link = fact.gone ? null : relays.foundRunning(relay, key, uid, this.#nowNs);
    if (link === null || link.relayExe === exe) return;
    const origin = { ring: 'lifecycle', cpu: 0, seq: 0n, bootNs: key.startNs } as const;
    rooms.processes.introduce(key);
    rooms.processes.learn(fact);
    apply(rooms.registry.handedOff({ root: key, origin }, link));
    rooms.activity.handedOff(link, { key, origin });
  }

  #withoutAgent(event: KernelEvent, root: ProcessKey): void {
    const { registry } = this.#parts.rooms;
    const { held } = this.#parts.settling;
    const state = registry.stateOf(root);
    if (event.kind === 'exec' && isAsking(event, root, state === 'pending')) {
      held.hold(root, event);
      this.#parts.apply(registry.ask(event));
    } else if (event.kind === 'exec' && state === 'stranger' && event.scope === 'pending') {
      this.#afterVerdict(event);
    } else if (state === 'pending') {
      held.hold(root, event);
    } else if (state === 'unknown' && event.scope !== 'none' && event.scope !== 'stranger') {
      held.hold(root, event);
      this.#parts.apply(registry.askUnseen(root, event.origin));
    } else {
      this.#parts.settling.foreign();
    }
  }

  /** The kernel had not heard of the verdict, and asked nothing about an exec that an agent may begin with. */
  #afterVerdict(event: ExecEvent): void {
    const { rooms, settling } = this.#parts;
    const decision = rooms.registry.alone(event);
    if (decision === null) {
      settling.foreign();
      return;
    }
    settling.held.hold(event.key, event);
    settling.settle(decision);
  }

  #ofWatched(event: KernelEvent, root: ProcessKey): void {
    this.#spoken(this.#parts.rooms.watched.on(event, root));
    this.#endWatch(root);
  }

  /** What is asked about for itself is watched no more. */
  unwatch(key: ProcessKey): void {
    const { watched, registry } = this.#parts.rooms;
    const left = watched.leaves(key);
    if (left !== null) this.#endWatch(left);
    if (!watched.has(key)) return;
    watched.take(key);
    registry.ended(key, this.#nowNs);
  }

  #endWatch(root: ProcessKey): void {
    const { watched, registry } = this.#parts.rooms;
    if (!watched.isOver(root)) return;
    registry.ended(root, this.#nowNs);
    this.#parts.settling.drop(root);
  }

  #spoken(spoken: readonly Spoken[]): void {
    const { watched, registry } = this.#parts.rooms;
    for (const { root, origin, host } of spoken) {
      if (!watched.has(root)) continue;
      const exec = watched.execOf(root);
      this.#parts.apply(
        registry.infer(root, origin, host, exec?.path ?? '', exec?.uid ?? UNKNOWN_UID),
      );
    }
  }

  /** A relay's child, until it executes something. */
  #ofExpected(event: KernelEvent, root: ProcessKey): void {
    this.#parts.settling.held.hold(root, event);
    if (event.kind === 'exit' && isSame(event.key, root)) {
      this.#parts.relays.forget(root);
      this.#parts.settling.drop(root);
    }
    if (event.kind !== 'exec') return;
    const link = this.#parts.relays.linkOf(event, root);
    const { registry } = this.#parts.rooms;
    if (link !== null) this.#handedOff(event, link);
    else if (isSame(event.key, root)) this.#parts.apply(registry.ask(event));
    else this.#parts.settling.drop(root);
  }

  #handedOff(event: ExecEvent, link: HandOffLink): void {
    const { registry, activity } = this.#parts.rooms;
    this.#parts.apply(registry.handedOff(event, link));
    activity.handedOff(link, event);
  }
}

/** (uid_t)-1: no account. */
const UNKNOWN_UID = 0xffff_ffff;

const isSame = (a: ProcessKey, b: ProcessKey): boolean => processId(a) === processId(b);

const isAsking = (event: ExecEvent, root: ProcessKey, pending: boolean): boolean =>
  isSame(event.key, root) && (event.asksVerdict || pending);
