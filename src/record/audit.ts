import type { Given, RecordBody } from './codec.js';
import { ActionType, Decision } from './proto.gen.js';
import type { AuditEvent, NetworkCallDetail, ProcessExecDetail } from './proto.gen.js';

const NETWORK_KINDS = new Set(['flow', 'dns', 'tls_session', 'http']);
const PROCESS_KINDS = new Set(['exec', 'exit']);

/**
 * The record as Agent Assembly's audit event, or null where nothing was done (gap, coverage, heartbeat and kin). Its
 * decision is ALLOW, always: nothing was stopped, and a decision left unset is read as a violation over there.
 */
export function toAuditEvent(body: RecordBody): Given<AuditEvent> | null {
  const action = actionOf(body);
  if (action === null) return null;
  const agentId = splitAgentId(body.agent?.id ?? '');
  return {
    eventId: body.eventId ?? '',
    agentId,
    occurredAt: { unixMs: (body.wallNs ?? 0n) / 1_000_000n },
    actionType: action,
    decision: Decision.allow,
    ...detailOf(body, action),
    labels: labelsOf(body),
    ...lineageOf(body),
    teamId: agentId.teamId,
    sessionId: body.agent?.session ?? '',
  };
}

/**
 * Over there the root of an agent that none started is the agent itself, and its depth is 0. Ids are whole: org/team/agent.
 * Which tool started it the kernel cannot see.
 */
function lineageOf({ agent }: RecordBody): Given<AuditEvent> {
  const { under } = agent ?? {};
  return {
    rootAgentId: under?.root?.id ?? agent?.id ?? '',
    parentAgentId: under?.parent?.id ?? '',
    depth: under?.depth ?? 0,
  };
}

/** A finding is about the action it judges. */
function actionOf(body: RecordBody): number | null {
  const kind = body.kind ?? '';
  if (PROCESS_KINDS.has(kind)) return ActionType.process_exec;
  if (NETWORK_KINDS.has(kind)) return ActionType.network_call;
  if (kind === 'agent') return ActionType.agent_spawn;
  // What is found about a node or a sensor, no agent did.
  if (kind !== 'finding' || !body.process) return null;
  return body.net || body.http ? ActionType.network_call : ActionType.process_exec;
}

function detailOf(body: RecordBody, action: number): Given<AuditEvent> {
  return action === ActionType.network_call
    ? { network: networkDetail(body) }
    : { process: processDetail(body) };
}

function networkDetail({ kind, net, http, tls, dns }: RecordBody): Given<NetworkCallDetail> {
  const status = http?.status ?? 0;
  const protocol = kind === 'dns' ? 'dns' : http ? 'http' : tls ? 'tls' : (net?.proto ?? '');
  return {
    host: dns?.question || http?.host || net?.host || net?.dstIp || '',
    port: net?.dstPort ?? 0,
    protocol,
    statusCode: status,
    succeeded: http ? status > 0 && status < 400 : net?.result !== 'failed',
  };
}

function processDetail({ kind, process, exit }: RecordBody): Given<ProcessExecDetail> {
  const command = process?.exe ?? '';
  if (kind !== 'exit') return { command, args: process?.argv ?? [], succeeded: true };
  const exitCode = exit?.signal ? SIGNAL_BASE + exit.signal : (exit?.code ?? 0);
  return { command, exitCode, succeeded: exitCode === 0 };
}

/** As a shell gives the status of a command that a signal ended. */
const SIGNAL_BASE = 128;

/** org/team/agent; further slashes belong to the agent. */
export function splitAgentId(id: string): { orgId: string; teamId: string; agentId: string } {
  const [orgId = '', teamId = '', ...rest] = id.split('/');
  return { orgId, teamId, agentId: rest.join('/') };
}

/** What the audit event has no place for. Never a name beginning with `aa.`: those are stripped as forged. */
function labelsOf({ kind, node, process, finding, agent }: RecordBody): {
  readonly [key: string]: string;
} {
  return {
    'watchfloor.kind': kind ?? '',
    'watchfloor.node': node ?? '',
    'watchfloor.pid': `${process?.pid ?? 0}`,
    ...(finding?.rule ? { 'watchfloor.rule': finding.rule } : {}),
    // Then the parent above is only suspected.
    ...(agent?.under?.handedOff ? { 'watchfloor.handed_off': 'true' } : {}),
  };
}
