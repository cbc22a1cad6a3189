import { globMatches, type FindingValue, type HttpInfo, type Origin } from '../../event/index.js';
import type { ProcessInfo, TlsInfo } from '../../event/index.js';
import type { Agent } from '../../agent/index.js';
import type { Flow } from '../../flow/index.js';
import { flowText, normalHost, type ProxyState } from '../flow-case.js';
import { makeFinding } from '../judgement.js';

const RULE = 'bypass.fronting';
const ECH = 'an encrypted ClientHello was offered: the name in clear may be that of its front';

/** A request that was read, and the flow it went over. */
export interface RequestCase {
  readonly agent: Agent;
  readonly process: ProcessInfo;
  readonly flow: Flow;
  readonly http: HttpInfo;
  /** Of the request. */
  readonly origin: Origin;
  readonly tls: TlsInfo;
}

/** The host a request asks for behind another name; null: the one that was called, or nothing to compare. */
export function frontedHost({ http, tls }: RequestCase): string | null {
  // What is said to a proxy names the host behind it, and so it should.
  const isForProxy = http.method === 'CONNECT' || /^[a-z][a-z0-9+.-]*:\/\//i.test(http.path);
  const host = normalHost(http.host);
  const called = normalHost(tls.sni ?? '');
  return isForProxy || host === '' || called === '' || host === called ? null : host;
}

/**
 * The name in the ClientHello is not the host that is asked for inside: whoever judges by names outside sees the other
 * one. Unmeasured where an encrypted ClientHello may say the true name.
 */
export function judgeFronting(
  one: RequestCase,
  proxy: ProxyState,
  modelHosts: readonly string[],
): FindingValue[] {
  const host = frontedHost(one);
  if (host === null || proxy === 'trusted') return [];
  const called = normalHost(one.tls.sni ?? '');
  const isModel = (name: string): boolean =>
    modelHosts.some((glob) => globMatches(glob.toLowerCase(), name));
  const isSameSite = host.endsWith(`.${called}`) || called.endsWith(`.${host}`);
  const severity = isModel(host) && !isModel(called) ? 'high' : isSameSite ? 'low' : 'medium';
  const { agent, process, flow, http, origin, tls } = one;
  return [
    makeFinding({
      agent,
      process,
      origin,
      part: `${RULE}:${host}`,
      claim: tls.ech === true ? 'unmeasured' : 'detected',
      severity,
      finding: {
        rule: RULE,
        summary: `${agent.info.name} called ${called} and asked it for ${host}`,
        evidence: [
          flowText(flow.net),
          `ClientHello for ${called}`,
          `request for ${host}`,
          ...(tls.ech === true ? [ECH] : []),
        ],
        expected: 'a request for the host that the ClientHello names',
        waitedMs: 0,
      },
      net: { ...flow.net, host, hostSource: 'http_host' },
      tls,
      http,
    }),
  ];
}
