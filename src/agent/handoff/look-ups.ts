import type { Command, ProcessKey } from '../../event/index.js';

const LOOK_UPS_MAX = 512;
/** An answer is believed for as long; what it named is watched again at once, however old it is. */
const FRESH_NS = 1_000_000_000n;
const FORGET_NS = 120_000_000_000n;
const SECOND_NS = 1_000_000_000n;
/** Each may cost the host milliseconds, and an agent can make up paths as fast as it likes. */
const SOCKETS_EACH_SECOND = 64;

export interface Peer {
  readonly key: ProcessKey;
  readonly exe: string;
  readonly uid: number;
}

interface LookUp {
  askedNs: bigint;
  peers: readonly Peer[];
  /** Ids of the asks that want the answer. */
  readonly asks: Set<string>;
}

export type Question = Command & { readonly do: 'look_up_named' | 'look_up_unix_peer' };

/** Which process answers to a name or listens at a path. Full, the one not asked for the longest time goes. */
export class LookUps {
  /** In the order in which they were last wanted. */
  readonly #lookUps = new Map<string, LookUp>();
  #secondNs = 0n;
  #inSecond = 0;
  #evicted = 0;
  #refused = 0;

  /** What is known already, and the question where it is to be asked. */
  want(
    question: Question,
    ask: string,
    nowNs: bigint,
  ): { peers: readonly Peer[]; questions: readonly Question[] } {
    const key = keyOf(question);
    const known = this.#lookUps.get(key);
    const lookUp = known ?? { askedNs: -FORGET_NS, peers: [], asks: new Set<string>() };
    lookUp.asks.add(ask);
    this.#lookUps.delete(key);
    if (this.#lookUps.size >= LOOK_UPS_MAX) this.#evict();
    this.#lookUps.set(key, lookUp);
    const { peers } = lookUp;
    if (nowNs - lookUp.askedNs < FRESH_NS) return { peers, questions: [] };
    if (!this.#mayAsk(question, nowNs)) return { peers, questions: [] };
    lookUp.askedNs = nowNs;
    return { peers, questions: [question] };
  }

  /** Who asked for this. */
  answer(question: Question, peers: readonly Peer[]): readonly string[] {
    const lookUp = this.#lookUps.get(keyOf(question));
    if (lookUp === undefined) return [];
    lookUp.peers = peers;
    return [...lookUp.asks];
  }

  /** `lives`: is that ask still open? */
  tick(nowNs: bigint, lives: (ask: string) => boolean): void {
    for (const [key, { askedNs, asks }] of this.#lookUps) {
      for (const ask of asks) if (!lives(ask)) asks.delete(ask);
      if (asks.size === 0 && nowNs - askedNs > FORGET_NS) this.#lookUps.delete(key);
    }
  }

  stats(): { lookUps: number; lookUpsEvicted: number; lookUpsRefused: number } {
    return {
      lookUps: this.#lookUps.size,
      lookUpsEvicted: this.#evicted,
      lookUpsRefused: this.#refused,
    };
  }

  /** There are few sets of names, and each is asked once a second. */
  #mayAsk(question: Question, nowNs: bigint): boolean {
    if (question.do === 'look_up_named') return true;
    if (nowNs - this.#secondNs >= SECOND_NS) {
      this.#secondNs = nowNs;
      this.#inSecond = 0;
    }
    this.#inSecond += 1;
    if (this.#inSecond <= SOCKETS_EACH_SECOND) return true;
    this.#refused += 1;
    return false;
  }

  #evict(): void {
    const [oldest] = this.#lookUps.keys();
    if (oldest === undefined) return;
    this.#lookUps.delete(oldest);
    this.#evicted += 1;
  }
}

const keyOf = (question: Question): string =>
  question.do === 'look_up_named'
    ? `named ${question.names.join(' ')}`
    : `unix ${question.netns} ${question.path}`;
