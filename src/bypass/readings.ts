import type { FindingValue } from '../event/index.js';
import type { LostEvidence } from './lost-evidence.js';
import type { ProxyTrust } from './proxy-trust.js';
import { type ExhaustedCase, judgeExhausted } from './rules/coverage-exhausted.js';
import { judgeOpaque, type OpaqueCase } from './rules/coverage-opaque-tls.js';
import { frontedHost, judgeFronting, type RequestCase } from './rules/fronting.js';

const SAID_MAX = 16_384;

/** What the rules say about what was read of an agent's TLS, and what was not; whatever governs the agent. */
export class Readings {
  readonly #proxies: ProxyTrust;
  readonly #lost: LostEvidence;
  readonly #modelHosts: readonly string[];
  /** A flow and a host that was asked for over it: said once. */
  readonly #said = new Set<string>();

  constructor(proxies: ProxyTrust, lost: LostEvidence, modelHosts: readonly string[]) {
    this.#proxies = proxies;
    this.#lost = lost;
    this.#modelHosts = modelHosts;
  }

  opaque(one: OpaqueCase): readonly FindingValue[] {
    return judgeOpaque(one, {
      proxy: this.#proxies.stateOf(one.flow),
      lost: this.#lost,
      modelHosts: this.#modelHosts,
      expected: this.#proxies.expected,
    });
  }

  exhausted(one: ExhaustedCase): readonly FindingValue[] {
    return judgeExhausted(one);
  }

  request(one: RequestCase): readonly FindingValue[] {
    const host = frontedHost(one);
    if (host === null) return [];
    const id = `${one.flow.id} ${host}`;
    if (this.#said.has(id)) return [];
    const [oldest] = this.#said;
    if (oldest !== undefined && this.#said.size >= SAID_MAX) this.#said.delete(oldest);
    this.#said.add(id);
    return judgeFronting(one, this.#proxies.stateOf(one.flow), this.#modelHosts);
  }
}
