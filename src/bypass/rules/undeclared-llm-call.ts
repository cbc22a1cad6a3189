import { globMatches, type FindingValue } from '../../event/index.js';
import { exemptionOf, isExplicit } from '../exemption.js';
import { type FlowCase, flowText, namesOf, netWith, type SeenName } from '../flow-case.js';
import {
  type Judgement,
  makeFinding,
  NOTHING,
  UNKNOWN_LISTENER,
  type View,
  WAIT,
  waitedMs,
} from '../judgement.js';

const RULE = 'bypass.undeclared_llm_call';

/**
 * The agent reached a model's host, and neither the SDK nor a trusted proxy declared it within the window. Unmeasured
 * when records were lost meanwhile: they may have shown what governed the call.
 */
export function judgeUndeclaredCall(one: FlowCase, view: View): Judgement {
  const { proxy, sdk } = one.agent.governance;
  const governed = one.proxy === 'trusted' || one.flow.net.result === 'failed';
  if ((proxy !== 'required' && sdk !== 'required') || governed) return NOTHING;
  const open = modelNames(one, view).filter((name) => !one.done.has(partOf(name)));
  const undeclared = open.filter((name) => !isCovered(one, name, view));
  const due = undeclared.filter((name) => view.nowNs - name.seenNs >= view.windowNs);
  for (const name of due) one.done.add(partOf(name));
  if (due.length > 0) {
    return { say: 'finding', findings: due.map((name) => findingOf(one, name, view)) };
  }
  return undeclared.length > 0 ? WAIT : NOTHING;
}

const partOf = (name: SeenName): string => `${RULE}:${name.host}`;

/** An address can be configured as a model host too; it then stands for its own name. */
function modelNames(one: FlowCase, { modelHosts }: View): readonly SeenName[] {
  const { dstIp } = one.flow.net;
  const address: SeenName = { host: dstIp, source: 'address', seenNs: one.settledNs };
  const names = [...namesOf(one), address];
  const found = names.filter(({ host }) =>
    modelHosts.some((glob) => globMatches(glob.toLowerCase(), host)),
  );
  // One destination, one call: the address adds nothing where a name already says it.
  return found.length > 1 ? found.filter(({ source }) => source !== 'address') : found;
}

function isCovered(one: FlowCase, name: SeenName, view: View): boolean {
  const { net, key } = one.flow;
  const explicit = one.agent.governance.exempt.filter(isExplicit);
  if (exemptionOf(explicit, net, [name.host]) !== null) return true;
  const call = { agent: one.agent, process: key, host: name.host, net, atNs: name.seenNs };
  return view.records.declares(call, view.windowNs);
}

function findingOf(one: FlowCase, name: SeenName, view: View): FindingValue {
  const { agent, flow } = one;
  const doubts = doubtsOf(one, view);
  return makeFinding({
    agent,
    process: one.process,
    origin: one.origin,
    part: partOf(name),
    claim: doubts.length === 0 ? 'detected' : 'unmeasured',
    severity: 'high',
    finding: {
      rule: RULE,
      summary: `${agent.info.name} called the model host ${name.host} and nobody declared it`,
      evidence: [
        flowText(flow.net),
        `model host ${name.host} by ${name.source}`,
        ...(one.proxy === 'mismatch' ? ['whoever listens there is not the pinned proxy'] : []),
        ...doubts,
      ],
      expected: `a record of the SDK, or a flow to ${view.proxies.expected}`,
      waitedMs: waitedMs(name.seenNs, view.nowNs),
    },
    net: netWith(flow.net, name),
    tls: one.tls,
    http: one.http,
  });
}

function doubtsOf({ flow, proxy }: FlowCase, { lost }: View): string[] {
  const doubts = (['network', 'payload'] as const)
    .filter((ring) => lost.since(ring, flow.openedNs))
    .map((ring) => `records of the ${ring} ring were lost meanwhile`);
  return proxy === 'asked' ? [...doubts, UNKNOWN_LISTENER] : doubts;
}
