import type { Command, ListenerFact, NetInfo, TrustedProxy } from '../event/index.js';
import type { Flow } from '../flow/index.js';
import { isLoopback, parseListen, sameAddress } from './address.js';
import type { ProxyState } from './flow-case.js';

const ANSWERS_MAX = 4096;
/** A listener can be replaced at any time, so an answer is not believed for longer. */
const BELIEVE_NS = 1_000_000_000n;
/** An answer that never came is asked for again. */
const PATIENCE_NS = 2_000_000_000n;

interface Answer {
  state: ProxyState;
  atNs: bigint;
}

/**
 * Is a destination a proxy we trust? The address alone proves nothing: an agent can listen there itself. It is the
 * account and the file of whoever listens there, seen from the agent's network namespace.
 */
export class ProxyTrust {
  readonly #proxies: readonly TrustedProxy[];
  readonly #answers = new Map<string, Answer>();

  constructor(proxies: readonly TrustedProxy[]) {
    this.#proxies = proxies;
  }

  /** How a finding names what should have been used. */
  get expected(): string {
    const listens = this.#proxies.map(({ listen }) => listen).join(', ');
    return listens === '' ? 'a trusted proxy (none is configured)' : `a trusted proxy (${listens})`;
  }

  ask({ net, netns, key }: Flow, nowNs: bigint): { state: ProxyState; commands: Command[] } {
    const proxy = this.#proxies.find(({ listen }) => isAt(listen, net));
    if (proxy === undefined) return { state: 'none', commands: [] };
    const { listen } = proxy;
    const id = answerId(listen, netns);
    const known = this.#answers.get(id);
    const believed = known?.state === 'asked' ? PATIENCE_NS : BELIEVE_NS;
    if (known !== undefined && nowNs - known.atNs < believed) {
      return { state: known.state, commands: [] };
    }
    this.#remember(id, { state: 'asked', atNs: nowNs });
    return { state: 'asked', commands: [{ do: 'look_up_listener', listen, netns, near: key }] };
  }

  /** The state of a flow that was told `asked`. */
  stateOf({ net, netns }: Flow): ProxyState {
    const proxy = this.#proxies.find(({ listen }) => isAt(listen, net));
    if (proxy === undefined) return 'none';
    return this.#answers.get(answerId(proxy.listen, netns))?.state ?? 'asked';
  }

  fact({ listen, netns, seen, owner }: ListenerFact, nowNs: bigint): void {
    const proxy = this.#proxies.find((one) => one.listen === listen);
    if (proxy === undefined || !seen) return;
    const trusted =
      owner !== null &&
      (proxy.user === null || proxy.user === owner.user) &&
      (proxy.exe === null || proxy.exe === owner.exe);
    const state = trusted ? 'trusted' : 'mismatch';
    this.#remember(answerId(listen, netns), { state, atNs: nowNs });
  }

  #remember(id: string, answer: Answer): void {
    this.#answers.delete(id);
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined && this.#answers.size >= ANSWERS_MAX) this.#answers.delete(oldest);
    this.#answers.set(id, answer);
  }
}

const answerId = (listen: string, netns: number): string => `${listen} ${netns}`;

/** A proxy that listens on every address is reached over loopback. */
function isAt(listen: string, { dstIp, dstPort }: NetInfo): boolean {
  const at = parseListen(listen);
  if (at?.port !== dstPort) return false;
  const everywhere = at.address === '0.0.0.0' || at.address === '::';
  if (isLoopback(dstIp) && (everywhere || isUnspecified(dstIp))) return isLoopback(at.address);
  return sameAddress(at.address, dstIp);
}

const isUnspecified = (ip: string): boolean => ip === '0.0.0.0' || ip === '::';
