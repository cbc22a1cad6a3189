import {
  processId,
  type AgentInfo,
  type AgentValue,
  type CoverageValue,
  type DnsValue,
  type ExecValue,
  type ExitValue,
  type FlowValue,
  type GapValue,
  type HttpValue,
  type Loss,
  type NetInfo,
  type Origin,
  type ProcessInfo,
  type SocketsFact,
  type TlsInfo,
  type TlsSessionValue,
} from '../event/index.js';
import type { Agent } from '../agent/index.js';
import { type FlowChange, isDohPath } from '../flow/index.js';
import type { CoverageChange } from '../tls/index.js';
import type { Exchange } from './exchanges.js';

/** Whose deed a value is about. */
export interface Actor {
  readonly agent: Agent;
  readonly process: ProcessInfo;
}

const activity = ({ agent, process }: Actor, origin: Origin, part: string) =>
  ({
    origin,
    part,
    class: 'activity',
    claim: 'observed',
    agent: agent.info,
    processId: `${process.pid}:${process.startNs}`,
    process,
  }) as const;

export const agentValue = (actor: Actor): AgentValue => ({
  ...activity(actor, actor.agent.origin, `agent:${processId(actor.agent.root)}`),
  kind: 'agent',
  evidence: actor.agent.evidence,
});

export const execValue = (actor: Actor, origin: Origin): ExecValue => ({
  ...activity(actor, origin, 'exec'),
  kind: 'exec',
});

/** `waitStatus` as wait(2) gives it: the low seven bits are a signal, else the second byte is the code. */
export function exitValue(actor: Actor, origin: Origin, waitStatus: number): ExitValue {
  const signal = waitStatus & 0x7f;
  const ended =
    signal === 0 ? { code: (waitStatus >> 8) & 0xff, signal: null } : { code: null, signal };
  return { ...activity(actor, origin, 'exit'), kind: 'exit', ...ended };
}

export const flowValue = (actor: Actor, origin: Origin, net: NetInfo): FlowValue => ({
  ...activity(actor, origin, 'flow'),
  kind: 'flow',
  net,
});

/** One packet can say more than one thing, each of which is a record of its own. */
const nth = (part: string, index: number): string => (index === 0 ? part : `${part}:${index}`);

type Change<C extends FlowChange['change']> = Extract<FlowChange, { readonly change: C }>;

export const dnsValue = (
  actor: Actor,
  { flow, origin, index, question, type }: Change<'dns'>,
): DnsValue => ({
  ...activity(actor, origin, nth('dns', index)),
  kind: 'dns',
  net: flow.net,
  question,
  type,
});

export const tlsSessionValue = (
  actor: Actor,
  { flow, origin, index }: Change<'hello'>,
  tls: TlsInfo,
): TlsSessionValue => ({
  ...activity(actor, origin, nth('tls_session', index)),
  kind: 'tls_session',
  net: flow.net,
  tls,
});

/** The Host of the request is the strongest name its flow can have. */
export function httpValue(actor: Actor, exchange: Exchange, tls: TlsInfo | null): HttpValue {
  const { origin, id, http, flow } = exchange;
  const name = http.host === '' ? {} : ({ host: http.host, hostSource: 'http_host' } as const);
  const net = flow === null ? null : { ...flow.net, ...name };
  const doh = tls !== null && isDohPath(http.path) ? ({ nameService: 'doh' } as const) : {};
  return {
    ...activity(actor, origin, `http:${id}`),
    kind: 'http',
    net,
    http,
    tls: tls && { ...tls, ...doh },
  };
}

export const coverageValue = (actor: Actor, change: CoverageChange): CoverageValue => ({
  ...activity(actor, change.origin, `coverage:${processId(change.key)}:${change.number}`),
  class: 'sensor',
  kind: 'coverage',
  coverage: change.coverage,
});

/** A connection that was there before the sensors; TLS or not, nothing of it can be read. */
export const unobservedValues = (
  actor: Actor,
  { key, connections }: SocketsFact,
  origin: Origin,
): CoverageValue[] =>
  connections.map(({ family, dstIp, dstPort, srcPort }) => ({
    ...activity(actor, origin, `coverage:${processId(key)}:before:${srcPort}:${dstIp}:${dstPort}`),
    class: 'sensor',
    kind: 'coverage',
    coverage: {
      state: 'blind',
      library: '',
      reason: `connected_before_start: ${family === 'ipv6' ? `[${dstIp}]` : dstIp}:${dstPort}`,
    },
  }));

interface GapPlace {
  readonly stage: string;
  readonly bootNs: bigint;
  /** Tells apart gaps that have no sequence number of their own. */
  readonly number: number;
  readonly agent: AgentInfo | null;
}

export function gapValue(loss: Loss, { stage, bootNs, number, agent }: GapPlace): GapValue {
  const { ring, cpu, cause, first } = loss;
  return {
    kind: 'gap',
    origin: { ring, cpu, seq: first ?? BigInt(number), bootNs },
    part: `gap:${stage}:${cause}${first === undefined ? `:${number}` : ''}`,
    class: 'sensor',
    claim: 'unmeasured',
    agent,
    gap: { ...loss, stage },
  };
}
