import { processId, type ProcessId, type ProcessKey } from '../../event/index.js';
import type { Agent } from '../decision.js';
import type { Request } from './endpoints.js';

const ASKS_MAX = 1024;
/** An ask repeated within this part of its window is the same one; so a flood keeps its times for more than a window. */
const SAME_ASK = 40n;
const TIMES_MAX = 48;

/** What one process of an agent asks for, however often. */
export interface Ask {
  readonly id: string;
  readonly agent: Agent;
  readonly by: ProcessKey;
  readonly request: Request;
  /** When, the newest last; CLOCK_BOOTTIME. */
  readonly timesNs: bigint[];
  /** Whoever may carry it out. */
  readonly relays: Set<ProcessId>;
}

/** An ask that a process forked then may come from. */
export interface Fit {
  readonly ask: Ask;
  /** Its newest time before the fork. */
  readonly atNs: bigint;
}

/** What agents asked others for. Full, the ask that was not renewed for the longest time goes. */
export class AskBook {
  /** In the order of their last times. */
  readonly #asks = new Map<string, Ask>();
  readonly #ended = new Set<ProcessId>();
  readonly #limit: number;
  #evicted = 0;

  constructor(limit = ASKS_MAX) {
    this.#limit = limit;
  }

  add(agent: Agent, by: ProcessKey, request: Request, nowNs: bigint): Ask {
    const id = `${processId(agent.root)} ${processId(by)} ${request.windowNs} ${request.via}`;
    const ask = this.#asks.get(id) ?? {
      id,
      agent,
      by,
      request,
      timesNs: [],
      relays: new Set<ProcessId>(),
    };
    this.#asks.delete(id);
    if (this.#asks.size >= this.#limit) this.#evict();
    this.#asks.set(id, ask);
    remember(ask, nowNs);
    return ask;
  }

  get(id: string): Ask | undefined {
    return this.#asks.get(id);
  }

  /** Its last process ended: what it asked for may still come, if nobody else asked for it. */
  ended(root: ProcessKey): void {
    const id = processId(root);
    if ([...this.#asks.values()].some(({ agent }) => processId(agent.root) === id)) {
      this.#ended.add(id);
    }
  }

  /** Asks of that relay before the fork, those of living agents first, then the newest. */
  fitting(relay: ProcessId, forkNs: bigint, nowNs: bigint, uid: number): readonly Fit[] {
    const fits: Fit[] = [];
    for (const ask of this.#asks.values()) {
      if (!ask.relays.has(relay)) continue;
      const { childUid, windowNs } = ask.request;
      if (childUid !== null && childUid !== uid) continue;
      const atNs = ask.timesNs.findLast((timeNs) => timeNs <= forkNs);
      if (atNs !== undefined && nowNs - atNs <= windowNs) fits.push({ ask, atNs });
    }
    return fits.sort((a, b) => this.#lives(b) - this.#lives(a) || Number(b.atNs - a.atNs));
  }

  tick(nowNs: bigint): void {
    for (const [id, { timesNs, request }] of this.#asks) {
      if (nowNs - (timesNs.at(-1) ?? 0n) > request.windowNs) this.#asks.delete(id);
    }
    const asking = new Set([...this.#asks.values()].map(({ agent }) => processId(agent.root)));
    for (const id of this.#ended) if (!asking.has(id)) this.#ended.delete(id);
  }

  stats(): { asks: number; asksEvicted: number } {
    return { asks: this.#asks.size, asksEvicted: this.#evicted };
  }

  #lives({ ask }: Fit): number {
    return this.#ended.has(processId(ask.agent.root)) ? 0 : 1;
  }

  #evict(): void {
    const [oldest] = this.#asks.keys();
    if (oldest === undefined) return;
    this.#asks.delete(oldest);
    this.#evicted += 1;
  }
}

function remember({ timesNs, request }: Ask, nowNs: bigint): void {
  const last = timesNs.at(-1);
  if (last !== undefined && nowNs - last < request.windowNs / SAME_ASK) return;
  timesNs.push(nowNs);
  if (timesNs.length > TIMES_MAX) timesNs.shift();
}
