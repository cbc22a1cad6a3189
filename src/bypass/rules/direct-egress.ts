import { exemptionOf, isAboutNames } from '../exemption.js';
import { type FlowCase, flowText, namesOf, netWith } from '../flow-case.js';
import {
  type Judgement,
  makeFinding,
  NOTHING,
  UNKNOWN_LISTENER,
  type View,
  WAIT,
  waitedMs,
} from '../judgement.js';

const RULE = 'bypass.direct_egress';

/**
 * The agent must use a proxy and opened a flow around it. A name is waited for as long as none is known: it may be
 * exempt, and a finding with a name says more. Unmeasured when that name, or who listens on the proxy's address, was
 * lost.
 */
export function judgeDirectEgress(one: FlowCase, view: View): Judgement {
  const { governance } = one.agent;
  const { net } = one.flow;
  if (governance.proxy !== 'required' || one.done.has(RULE)) return NOTHING;
  const names = namesOf(one);
  const hosts = names.map(({ host }) => host);
  if (one.proxy === 'trusted' || exemptionOf(governance.exempt, net, hosts) !== null)
    return NOTHING;
  const waited = view.nowNs - one.settledNs < view.windowNs;
  const nameComes = names.length === 0 && net.result !== 'failed';
  if (waited && (nameComes || one.proxy === 'asked')) return WAIT;
  one.done.add(RULE);
  const doubts = doubtsOf(one, view, hosts.length > 0);
  const [name] = names;
  const finding = makeFinding({
    agent: one.agent,
    process: one.process,
    origin: one.origin,
    part: RULE,
    claim: doubts.length === 0 ? 'detected' : 'unmeasured',
    severity: 'high',
    finding: {
      rule: RULE,
      summary: `${one.agent.info.name} went around the proxy to ${name?.host ?? net.dstIp}:${net.dstPort}`,
      evidence: [
        flowText(net),
        ...names.map(({ host, source }) => `name ${host} by ${source}`),
        ...(one.proxy === 'mismatch' ? ['whoever listens there is not the pinned proxy'] : []),
        `exempt: ${governance.exempt.join(', ') || 'nothing'}`,
        ...doubts,
      ],
      expected: `a flow to ${view.proxies.expected}`,
      waitedMs: waitedMs(one.settledNs, view.nowNs),
    },
    net: netWith(net, name),
    tls: one.tls,
    http: one.http,
  });
  return { say: 'finding', findings: [finding] };
}

function doubtsOf(one: FlowCase, view: View, named: boolean): string[] {
  const { exempt } = one.agent.governance;
  const doubts: string[] = [];
  if (!named && exempt.some(isAboutNames) && view.lost.since('network', one.flow.openedNs)) {
    doubts.push(
      'records of the network ring were lost meanwhile: an exempt name may have been one',
    );
  }
  if (one.proxy === 'asked') doubts.push(UNKNOWN_LISTENER);
  return doubts;
}
