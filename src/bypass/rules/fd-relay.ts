import type { Agent } from '../../agent/index.js';
import type { FdRelayEvent, FindingValue, NetInfo, ProcessInfo } from '../../event/index.js';
import { makeFinding } from '../judgement.js';

const RULE = 'bypass.fd_relay';

/** A process and the agent it belongs to; null: nobody's. */
export interface Party {
  readonly agent: Agent | null;
  readonly process: ProcessInfo;
}

export interface FdRelayCase {
  readonly event: FdRelayEvent;
  /** null: not known. */
  readonly opener: Party | null;
  readonly user: Party;
  /** What connections were there before the sensors was not found out. */
  readonly unsure: boolean;
}

/** A socket is used by another lineage than the one that opened it. About the agent that uses it, else that opened it. */
export function judgeFdRelay({ event, opener, user, unsure }: FdRelayCase): FindingValue[] {
  const agent = user.agent ?? opener?.agent ?? null;
  const process = user.agent === null ? opener?.process : user.process;
  if (agent === null || process === undefined) return [];
  const { tuple, origin, cookie } = event;
  const to = `${tuple.family === 'ipv6' ? `[${tuple.dstIp}]` : tuple.dstIp}:${tuple.dstPort}`;
  const summary =
    user.agent === null
      ? `a connection of ${agent.info.name} to ${to} was used by ${event.comm}, which is not of it`
      : `${agent.info.name} used a connection to ${to} that somebody else had opened`;
  return [
    makeFinding({
      ...{ agent, process, origin },
      part: `${RULE}:${cookie}:${user.process.pid}:${user.process.startNs}`,
      claim: unsure ? 'unmeasured' : 'detected',
      severity: 'high',
      net: netOf(event),
      finding: {
        rule: RULE,
        summary,
        evidence: [
          `sent over it: ${describe(user, event.comm)}`,
          `opened by: ${opener === null ? 'a process of no agent, not known' : describe(opener, '')}`,
          'the socket was passed (SCM_RIGHTS, pidfd_getfd) or inherited',
          ...(unsure ? ['which connections were there before the sensors is not known'] : []),
        ],
        expected: 'each lineage speaks over connections it opened itself',
        waitedMs: 0,
      },
    }),
  ];
}

const describe = ({ agent, process }: Party, comm: string): string => {
  const what = process.exe === '' ? comm : process.exe;
  return `pid ${process.pid} ${what} of ${agent === null ? 'no agent' : agent.info.id}`.trim();
};

const netOf = ({ tuple }: FdRelayEvent): NetInfo => {
  const { protocol, family, srcIp, srcPort, dstIp, dstPort } = tuple;
  return { proto: protocol, family, srcIp, srcPort, dstIp, dstPort };
};
