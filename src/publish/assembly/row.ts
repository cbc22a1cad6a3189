import { splitAgentId } from '../../record/index.js';
import type { StoredRecord } from '../../record/index.js';
import { actionOf } from './action.js';
import { payloadOf } from './payload.js';
import { cleanText } from './texts.js';

/** A name, such as an agent's. */
const MAX_NAME = 256;
/** Nothing on the node judges by a policy yet. */
const NO_POLICY = 'none';
/** The first part of the id of an agent that nobody registered; the second is a user, not a team. */
const UNREGISTERED = 'unregistered';

/** Who a row is about, as Agent Assembly names it. */
export interface Party {
  /** Our whole id, which decides the subject. */
  readonly id: string;
  /** Column agent_id: `<org>/<agent>`. */
  readonly agent_id: string;
  readonly org_id: string;
  readonly team_id?: string;
}

/**
 * `<org>/<agent>` is that gateway's convention `<tenant>/<agent>`: its tenant is the organisation. An agent nobody
 * registered keeps its whole id, because two users' agents are two.
 */
export function agentParty(id: string): Party {
  const { orgId, teamId, agentId } = splitAgentId(id);
  const whole = orgId === UNREGISTERED || agentId === '';
  return {
    id,
    agent_id: cleanText(whole ? id : `${orgId}/${agentId}`, MAX_NAME),
    org_id: cleanText(orgId, MAX_NAME),
    ...(teamId !== '' && { team_id: cleanText(teamId, MAX_NAME) }),
  };
}

/** What no agent did is about the node: `<tenant>/<node>`. */
export function partyOf({ agent, tenant, node }: StoredRecord): Party {
  if (agent !== null && agent.id !== '') return agentParty(agent.id);
  const id = `${tenant}/${node}`;
  return { id, agent_id: cleanText(id, MAX_NAME), org_id: cleanText(tenant, MAX_NAME) };
}

/** One row of the gateway's table, as flat JSON: each column it fills has its field, and no field is unknown to it. */
export function auditRow(record: StoredRecord, party: Party, payload = payloadOf(record)): object {
  const { agent, finding, kind } = record;
  return {
    event_id: record.eventId,
    kind: 'kernel',
    event_type: cleanText(finding ? `ebpf.finding.${finding.rule}` : `ebpf.${kind}`, MAX_NAME),
    agent_id: party.agent_id,
    org_id: party.org_id,
    team_id: party.team_id,
    session_id: agent?.session || undefined,
    action: actionOf(record),
    decision: decisionOf(record),
    ts: timeOf(record),
    policy_version: NO_POLICY,
    payload,
  };
}

/** What the gateway takes as a sign of life of one agent; it makes no row. */
export function heartbeatRow(record: StoredRecord, party: Party): object {
  const { agent_id, org_id, team_id } = party;
  return { kind: 'heartbeat', agent_id, org_id, team_id, ts: timeOf(record) };
}

/**
 * The node stops nothing, so what was done was allowed. What somebody should look at is for review: a finding, and a gap,
 * behind which anything may have happened.
 */
const decisionOf = ({ finding, gap }: StoredRecord): 'allow' | 'review' =>
  finding !== null || gap !== null ? 'review' : 'allow';

/** RFC 3339 in UTC, milliseconds. */
const timeOf = ({ wallNs }: StoredRecord): string =>
  new Date(Number(wallNs / 1_000_000n)).toISOString();
