import type { Value } from '../event/index.js';
import { Claim, deriveEventId, RecordClass, Severity, toAuditEvent } from '../record/index.js';
import type { RecordBody } from '../record/index.js';
import { detailOf } from './detail.js';
import { Redactions } from './mark.js';
import { Texts } from './texts.js';

declare const redacted: unique symbol;

/** What the journal accepts. Its mark is a symbol that no other room can name: only redact() makes one. */
export interface Storable {
  readonly [redacted]: true;
  readonly body: RecordBody;
}

/** What a record says besides its value: the same for every record of a boot. */
export interface Stamp {
  readonly node: string;
  readonly tenant: string;
  readonly bootId: string;
  /** CLOCK_REALTIME minus CLOCK_BOOTTIME, nanoseconds. */
  readonly wallOffsetNs: bigint;
}

/**
 * A value as it may be stored: every text of the watched is cleaned, and what was taken out is counted in the record's
 * `redaction`. Any value gives a storable one; the same value and stamp always give the same.
 */
export function redact(value: Value, stamp: Stamp): Storable {
  const { node, tenant, bootId, wallOffsetNs } = stamp;
  const { ring, cpu, seq, bootNs } = value.origin;
  const { part } = value;
  const wallNs = bootNs + wallOffsetNs;
  const redactions = new Redactions();
  const detail = detailOf(value, new Texts(redactions));
  const body: Written = {
    eventId: deriveEventId(wallNs, { node, bootId, ring, cpu, seq, part }),
    node,
    tenant,
    bootId,
    class: RecordClass[value.class],
    kind: value.kind === 'self_finding' ? 'finding' : value.kind,
    claim: Claim[value.claim],
    severity: 'severity' in value ? Severity[value.severity] : Severity.unspecified,
    wallNs,
    bootNs,
    origin: { ring, cpu, seq, part },
    ...detail,
  };
  const redaction = redactions.list();
  const audit = toAuditEvent(body);
  if (audit !== null) body.audit = audit;
  if (redaction !== null) body.redaction = redaction;
  return { body } as Storable;
}

type Written = { -readonly [Key in keyof RecordBody]: RecordBody[Key] };
