import { RecordClass } from '../../record/index.js';
import type { StoredRecord } from '../../record/index.js';
import { agentUuid, escapeToken } from '../../subject/index.js';
import type { Packed } from '../packer.js';
import { agentParty, auditRow, heartbeatRow, partyOf } from './row.js';
import type { Party } from './row.js';

export interface AuditMessage extends Packed {
  /** UTF-8 JSON. */
  readonly body: Buffer;
}

/** What the gateway is told of a record. Of a row above `maxBytes` the payload is left out. */
export function auditMessages(
  record: StoredRecord,
  maxBytes = Number.POSITIVE_INFINITY,
): readonly AuditMessage[] {
  if (record.heartbeat !== null) {
    return record.heartbeat.agentIds.map(agentParty).map((party, index) => {
      const id = `${record.eventId}.${index}`;
      return { subject: subjectFor(record, party), id, body: encode(heartbeatRow(record, party)) };
    });
  }
  if (!isAudited(record)) return [];
  const party = partyOf(record);
  const whole = encode(auditRow(record, party));
  const body =
    whole.length <= maxBytes
      ? whole
      : encode(auditRow(record, party, { source: 'ebpf', cut_bytes: whole.length }));
  return [{ subject: subjectFor(record, party), id: record.eventId, body }];
}

/** Deeds and findings, and what was missed of them; not what the node says of its own state, which has no column there. */
const isAudited = (record: StoredRecord): boolean =>
  record.class === RecordClass.activity ||
  record.class === RecordClass.finding ||
  record.gap !== null;

const encode = (row: object): Buffer => Buffer.from(JSON.stringify(row));

const subjectFor = ({ tenant }: StoredRecord, { id }: Party): string =>
  `assembly.audit.${escapeToken(tenant)}.${agentUuid(id)}`;
