import { hash } from 'node:crypto';
import { className } from '../record/index.js';
import { escapeToken, unescapeToken } from './token.js';

/** Everything of ours begins so. */
export const NODE_PREFIX = 'watchfloor.v1';
/** In place of an agent's UUID. */
export const NO_AGENT = 'none';

/** What decides the subject of a record; a RecordHeader has it. */
export interface RecordAbout {
  readonly tenant: string;
  readonly node: string;
  /** A number of RecordClass. */
  readonly class: number;
  readonly kind: string;
  readonly agentId: string;
}

export type Subject =
  | {
      readonly type: 'record';
      readonly tenant: string;
      readonly node: string;
      /** finding, activity or sensor; another word is of a later version. */
      readonly class: string;
      /** As it stands in the subject: a UUID, or `none`. */
      readonly agent: string;
    }
  | {
      readonly type: 'checkpoint' | 'heartbeat' | 'cosign';
      readonly tenant: string;
      readonly node: string;
    };

/** The subject a record is published on. */
export function subjectOf(about: RecordAbout): string {
  const { kind } = about;
  const origin = `${escapeToken(about.tenant)}.${escapeToken(about.node)}`;
  if (kind === 'checkpoint' || kind === 'heartbeat') return `${NODE_PREFIX}.${kind}.${origin}`;
  const agent = about.agentId === '' ? NO_AGENT : agentUuid(about.agentId);
  return `${NODE_PREFIX}.record.${origin}.${className(about.class)}.${agent}`;
}

/** Where the gateway answers this node. */
export const cosignSubject = (tenant: string, node: string): string =>
  `${NODE_PREFIX}.cosign.${escapeToken(tenant)}.${escapeToken(node)}`;

/** The first 16 bytes of SHA-256 of an agent's id in the form of a UUID: what Agent Assembly makes of it, too. */
export function agentUuid(agentId: string): string {
  const hex = hash('sha256', agentId.toWellFormed(), 'hex');
  const ends = [0, 8, 12, 16, 20, 32];
  return ends
    .slice(1)
    .map((end, index) => hex.slice(ends[index], end))
    .join('-');
}

const CLASS = /^[a-z]{1,32}$/;
const AGENT = /^(?:none|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
/** nats-server's own limit of a line (max_control_line). */
const MAX_SUBJECT = 4096;

/** null: not one of ours. */
export function parseSubject(subject: string): Subject | null {
  if (subject.length > MAX_SUBJECT || !subject.startsWith(`${NODE_PREFIX}.`)) return null;
  const [type, ...tokens] = subject.slice(NODE_PREFIX.length + 1).split('.');
  const [tenantToken = '', nodeToken = '', recordClass = '', agent = '', ...more] = tokens;
  const tenant = unescapeToken(tenantToken);
  const node = unescapeToken(nodeToken);
  if (tenant === null || node === null || more.length > 0) return null;
  if (type === 'record') {
    const fits = CLASS.test(recordClass) && AGENT.test(agent);
    return fits ? { type, tenant, node, class: recordClass, agent } : null;
  }
  const known = type === 'checkpoint' || type === 'heartbeat' || type === 'cosign';
  return known && tokens.length === 2 ? { type, tenant, node } : null;
}
