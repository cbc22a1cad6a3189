import {
  processId,
  type Command,
  type ExecEvent,
  type ForkEvent,
  type NamedFact,
  type ProcessKey,
  type UnixOpenEvent,
  type UnixPeerFact,
} from '../../event/index.js';
import type { Agent } from '../decision.js';
import { AskBook, type Ask, type Fit } from './ask-book.js';
import { type Request, requestOfExec, requestOfSocket, workersOf } from './endpoints.js';
import { isHarmlessPlace, isHarmlessProgram } from './harmless.js';
import { LookUps, type Peer, type Question } from './look-ups.js';
import { type Child, RelayBook } from './relay-book.js';

/** That somebody else ran something because an agent asked for it. Only suspected: the request itself is not read. */
export interface HandOffLink {
  readonly asker: Agent;
  readonly askedBy: ProcessKey;
  /** Path of the socket, or the command that asked. */
  readonly via: string;
  readonly relay: ProcessKey;
  readonly relayExe: string;
  /** The newest ask before the relay forked. CLOCK_BOOTTIME. */
  readonly askedNs: bigint;
  /** One observation a line. */
  readonly evidence: readonly string[];
}

export interface HandOffStep {
  readonly commands: readonly Command[];
}

const NO_STEP: HandOffStep = { commands: [] };

/**
 * Work an agent hands to somebody outside its lineage: over a unix socket, or by a command that asks cron, at, systemd, a
 * bus or a container engine. Whoever may carry it out becomes a relay for a window: the kernel tells of its children, and
 * one that executes something is linked to the newest ask. Only what was forked after an ask counts.
 */
export class HandOffs {
  readonly #asks = new AskBook();
  readonly #lookUps = new LookUps();
  readonly #relays = new RelayBook();
  #harmless = 0;

  exec(event: ExecEvent, agent: Agent): HandOffStep {
    const request = requestOfExec(event);
    if (request === null) return NO_STEP;
    const { key, origin } = event;
    const ask = this.#asks.add(agent, key, request, origin.bootNs);
    return { commands: this.#ask(ask, namesOf(request), origin.bootNs) };
  }

  unixOpen(event: UnixOpenEvent, agent: Agent): HandOffStep {
    const { key, path, netns, origin } = event;
    if (path === '' || isHarmlessPlace(path)) {
      this.#harmless += 1;
      return NO_STEP;
    }
    const request = requestOfSocket(path);
    const ask = this.#asks.add(agent, key, request, origin.bootNs);
    const listener: Question = { do: 'look_up_unix_peer', path, netns, near: key };
    return { commands: this.#ask(ask, [...namesOf(request), listener], origin.bootNs) };
  }

  /** Who can carry it out. `isMember`: of an agent's lineage; what such a one starts is in a lineage anyway. */
  fact(fact: UnixPeerFact | NamedFact, isMember: (key: ProcessKey) => boolean): HandOffStep {
    const isListener = fact.fact === 'unix_peer';
    const found = isListener ? fact.peers : fact.processes;
    const peers = found.filter(({ key, exe }) => !isMember(key) && !isHarmlessProgram(exe));
    const workers = isListener ? [...new Set(peers.map(({ exe }) => workersOf(exe)))] : [];
    const asks = this.#lookUps.answer(questionOf(fact), peers);
    const commands = asks.flatMap((id) => {
      const ask = this.#asks.get(id);
      if (ask === undefined) return [];
      const nowNs = ask.timesNs.at(-1) ?? 0n;
      const others = workers.flatMap((names) => named(names));
      return [...this.#watch(ask, peers), ...this.#ask(ask, others, nowNs)];
    });
    return { commands };
  }

  /** A relay forked. */
  forked(event: ForkEvent): void {
    this.#relays.forked(event);
  }

  /**
   * A relay's child, or a child of it, executes something as this user: by which ask? Of two agents that asked the same
   * relay, the newest ask counts whose agent lives.
   */
  linkOf(root: ProcessKey, uid: number, nowNs: bigint): HandOffLink | null {
    const child = this.#relays.childOf(root);
    if (child === null) return null;
    const relay = processId(child.relay.key);
    const fits = this.#asks.fitting(relay, child.forkNs, nowNs, uid);
    const [best] = fits;
    return best === undefined ? null : linkOf(child, best, fits);
  }

  /** The last process of an agent's lineage ended. */
  ended(root: ProcessKey): void {
    this.#asks.ended(root);
  }

  tick(nowNs: bigint): HandOffStep {
    this.#asks.tick(nowNs);
    this.#lookUps.tick(nowNs, (id) => this.#asks.get(id) !== undefined);
    return { commands: this.#relays.tick(nowNs) };
  }

  stats() {
    return {
      ...this.#asks.stats(),
      ...this.#lookUps.stats(),
      ...this.#relays.stats(),
      harmlessOpens: this.#harmless,
    };
  }

  /** Whoever answered the question before is watched at once: the answer may come after the fork. */
  #ask(ask: Ask, questions: readonly Question[], nowNs: bigint): readonly Command[] {
    return questions.flatMap((question) => {
      const known = this.#lookUps.want(question, ask.id, nowNs);
      return [...this.#watch(ask, known.peers), ...known.questions];
    });
  }

  #watch(ask: Ask, peers: readonly Peer[]): readonly Command[] {
    const { relayUids, windowNs } = ask.request;
    const untilNs = (ask.timesNs.at(-1) ?? 0n) + windowNs;
    return peers.flatMap((peer) => {
      if (relayUids?.includes(peer.uid) === false) return [];
      ask.relays.add(processId(peer.key));
      return this.#relays.watch(peer, untilNs);
    });
  }
}

const namesOf = ({ names }: Request): readonly Question[] => named(names);

const named = (names: readonly string[]): readonly Question[] =>
  names.length === 0 ? [] : [{ do: 'look_up_named', names }];

const questionOf = (fact: UnixPeerFact | NamedFact): Question =>
  fact.fact === 'named'
    ? { do: 'look_up_named', names: fact.names }
    : { do: 'look_up_unix_peer', path: fact.path, netns: fact.netns, near: NOBODY };

/** Who asked does not tell questions apart. */
const NOBODY: ProcessKey = { tgid: 0, startNs: 0n };

function linkOf({ relay, forkNs }: Child, { ask, atNs }: Fit, fits: readonly Fit[]): HandOffLink {
  const { agent, by, request } = ask;
  const others = new Set(fits.map((fit) => processId(fit.ask.agent.root))).size - 1;
  const delayMs = (forkNs - atNs) / 1_000_000n;
  return {
    asker: agent,
    askedBy: by,
    via: request.via,
    relay: relay.key,
    relayExe: relay.exe,
    askedNs: atNs,
    evidence: [
      `pid ${by.tgid} of ${agent.info.id} asked over ${request.via}`,
      `${relay.exe} (pid ${relay.key.tgid}) forked ${delayMs} ms after that`,
      ...(request.childUid === null
        ? []
        : [`it runs as the user who asked, uid ${request.childUid}`]),
      ...(others === 0
        ? []
        : [`${others} other agents asked the same program; the newest ask counts`]),
      'only suspected: the request itself was not read',
    ],
  };
}
