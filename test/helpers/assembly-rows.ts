import { createHash } from 'node:crypto';

/**
 * How Agent Assembly's gateway (commit 19fa34470) makes a row of a message body: which keys it deletes, which fields it
 * reads, what it takes instead. Where it hides a mistake of the sender, here it is counted.
 */

const BANNED = new Set(
  (
    'prompt completion llm_input llm_output tool_payload tool_response tool_args tool_result ' +
    'packet_body packet_payload heartbeat_seq'
  ).split(' '),
);
const KNOWN = new Set(
  (
    'event_id ts timestamp agent_id team_id org_id session_id kind event_type action decision dry_run ' +
    'shadow_decision matched_rule_id policy_version payload'
  ).split(' '),
);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** 61616173-6d32-3338-3861-756469746964. */
const NAMESPACE = Buffer.from('aaasm2388auditid');

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A row of audit_logs. */
export interface AuditRow {
  readonly event_id: string;
  readonly agent_id: string;
  readonly tool_name: string;
  readonly decision: string;
  readonly latency_ms: null;
  /** null: the time of arrival. */
  readonly ts: string | null;
  /** Always the reserved organisation. */
  readonly org_id: 'system';
}

export type Outcome =
  | { readonly is: 'row'; readonly row: AuditRow; readonly body: Json }
  | { readonly is: 'heartbeat'; readonly agentId: string | null; readonly ts: string | null }
  | { readonly is: 'undecodable' };

/** What the gateway made up or threw away, by name. */
export class Corrections {
  /** Columns that no field filled. */
  readonly defaults = new Map<string, number>();
  readonly unknownFields = new Map<string, number>();
  readonly bannedKeys = new Map<string, number>();
}

export function readBody(data: Uint8Array, corrections: Corrections): Outcome {
  const body = parse(data);
  if (body === undefined) return { is: 'undecodable' };
  if (isObject(body) && body.kind === 'heartbeat') {
    const agentId = typeof body.agent_id === 'string' ? body.agent_id : null;
    return { is: 'heartbeat', agentId, ts: timeOf(body.ts ?? body.timestamp) };
  }
  const clean = allowed(stripped(body, corrections), corrections);
  return { is: 'row', row: rowOf(clean, corrections), body: clean };
}

/** Deletes the banned keys wherever they stand. */
function stripped(value: Json, corrections: Corrections): Json {
  if (isArray(value)) return value.map((item) => stripped(item, corrections));
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => {
    const banned = BANNED.has(key.toLowerCase());
    if (banned) count(corrections.bannedKeys, key);
    return !banned;
  });
  return Object.fromEntries(kept.map(([key, inner]) => [key, stripped(inner, corrections)]));
}

/** Deletes what it does not know at the top. */
function allowed(value: Json, corrections: Corrections): Json {
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([key]) => {
    if (!KNOWN.has(key)) count(corrections.unknownFields, key);
    return KNOWN.has(key);
  });
  return Object.fromEntries(entries);
}

function rowOf(clean: Json, corrections: Corrections): AuditRow {
  const body = isObject(clean) ? clean : {};
  const text = (key: string): string | null => {
    const value = body[key];
    return typeof value === 'string' ? value : null;
  };
  const or = <T>(column: string, value: T | null, fallback: T): T => {
    if (value === null) count(corrections.defaults, column);
    return value ?? fallback;
  };
  const id = text('event_id');
  return {
    event_id: or(
      'event_id',
      id !== null && UUID.test(id) ? id.toLowerCase() : null,
      uuidV5(canonical(clean)),
    ),
    agent_id: or('agent_id', text('agent_id'), ''),
    tool_name: or('tool_name', text('action'), text('event_type') ?? 'unknown'),
    decision: or('decision', text('decision'), 'review'),
    latency_ms: null,
    ts: or<string | null>('ts', timeOf(body.ts ?? body.timestamp), null),
    org_id: 'system',
  };
}

/** PostgreSQL's text has no NUL; it refuses the statement, and so the whole batch. */
export const holdsNul = (row: AuditRow): boolean =>
  [row.agent_id, row.tool_name, row.decision].some((text) => text.includes('\0'));

const isArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !isArray(value);

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** As serde_json takes it: whole UTF-8, and no escape of half a surrogate pair. */
function parse(data: Uint8Array): Json | undefined {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)) as Json;
    return isWellFormed(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isWellFormed(value: Json): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (isArray(value)) return value.every(isWellFormed);
  if (!isObject(value)) return true;
  return Object.entries(value).every(([key, inner]) => key.isWellFormed() && isWellFormed(inner));
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339, or whole seconds, or milliseconds from 10^12 on; null: anything else. */
function timeOf(value: Json | undefined): string | null {
  if (typeof value === 'string') {
    const known = RFC3339.test(value) && !Number.isNaN(Date.parse(value));
    return known ? new Date(value).toISOString() : null;
  }
  if (typeof value !== 'number' || !Number.isInteger(value)) return null;
  return new Date(value >= 1e12 ? value : value * 1000).toISOString();
}

/** Sorted keys, compact. */
function canonical(value: Json): string {
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const members = keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`);
  return `{${members.join(',')}}`;
}

/** RFC 9562, 5.5. */
export function uuidV5(name: string, namespace: Uint8Array = NAMESPACE): string {
  const digest = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  return digest.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
