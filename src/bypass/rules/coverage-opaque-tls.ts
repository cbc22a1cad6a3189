import {
  globMatches,
  type CoverageInfo,
  type FindingValue,
  type TlsInfo,
} from '../../event/index.js';
import type { Agent } from '../../agent/index.js';
import type { Origin, ProcessInfo } from '../../event/index.js';
import type { Flow } from '../../flow/index.js';
import { flowText, normalHost, type ProxyState } from '../flow-case.js';
import { makeFinding, UNKNOWN_LISTENER, waitedMs } from '../judgement.js';
import type { LostEvidence } from '../lost-evidence.js';

const RULE = 'coverage.opaque_tls';

/** A flow with a ClientHello of which nothing was read in time. */
export interface OpaqueCase {
  readonly agent: Agent;
  readonly process: ProcessInfo;
  readonly flow: Flow;
  /** Of the ClientHello. */
  readonly origin: Origin;
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly judgedNs: bigint;
  /** What went out behind the ClientHello, as far as it is known. */
  readonly sentBytes: bigint;
  /** Sessions of the same process that were read and whose flow is not known. */
  readonly untied: number;
  /** What could be read of its process at best. */
  readonly coverage: CoverageInfo | null;
  readonly tls: TlsInfo;
}

export interface OpaqueView {
  readonly proxy: ProxyState;
  readonly lost: LostEvidence;
  readonly modelHosts: readonly string[];
  /** How what should have been used is called. */
  readonly expected: string;
}

/**
 * An agent encrypted with a stack that is not read, or around its probes. Silent about what goes to the trusted proxy.
 * Unmeasured when its plaintext may have been among what was lost, or that of a session whose flow is not known.
 */
export function judgeOpaque(one: OpaqueCase, view: OpaqueView): FindingValue[] {
  if (view.proxy === 'trusted') return [];
  const { agent, process, flow, origin, tls } = one;
  const { net } = flow;
  const host = tls.sni ?? net.host ?? net.dstIp;
  const isModel = view.modelHosts.some((glob) => globMatches(glob.toLowerCase(), normalHost(host)));
  const doubts = doubtsOf(one, view);
  return [
    makeFinding({
      agent,
      process,
      origin,
      part: RULE,
      claim: doubts.length === 0 ? 'detected' : 'unmeasured',
      severity: isModel ? 'high' : 'medium',
      finding: {
        rule: RULE,
        summary: `${agent.info.name} speaks TLS to ${host}:${net.dstPort} and it cannot be read`,
        evidence: [flowText(net), ...helloLines(tls), ...stackLines(one), ...doubts],
        expected: `plaintext of this flow, or a flow to ${view.expected}`,
        waitedMs: waitedMs(origin.bootNs, one.judgedNs),
      },
      net,
      tls,
    }),
  ];
}

function helloLines({ sni, alpn = [], ech, quic }: TlsInfo): string[] {
  return [
    sni === undefined ? 'ClientHello without a server name' : `ClientHello for ${sni}`,
    ...(alpn.length > 0 ? [`offers ${alpn.join(', ')}`] : []),
    ...(ech === true ? ['offers an encrypted ClientHello: the name may be a front'] : []),
    ...(quic === undefined ? [] : [`QUIC version ${quic}`]),
  ];
}

function stackLines({ coverage, sentBytes }: OpaqueCase): string[] {
  const stack =
    coverage === null
      ? 'no TLS stack of its process is known'
      : `of its process: ${coverage.library === '' ? 'no library' : coverage.library}, ${coverage.state}, ${coverage.reason}`;
  const sent = sentBytes > 0n ? [`${sentBytes} bytes were sent behind the ClientHello`] : [];
  return [stack, ...sent];
}

function doubtsOf({ flow, origin, untied }: OpaqueCase, { lost, proxy }: OpaqueView): string[] {
  const doubts = (['network', 'payload'] as const)
    .filter((ring) => lost.since(ring, origin.bootNs))
    .map((ring) => `records of the ${ring} ring were lost meanwhile`);
  if (untied > 0)
    doubts.push(`sessions of this process that were read without their flow: ${untied}`);
  if (flow.pending) doubts.push('the flow was opened before its agent was recognised');
  if (proxy === 'asked') doubts.push(UNKNOWN_LISTENER);
  return doubts;
}
