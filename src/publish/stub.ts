import { decodeRecord, encodeRecord } from '../record/index.js';
import type { Given, StoredRecord } from '../record/index.js';
import { leafHash } from '../tlog/index.js';

/**
 * What of a record goes to a gateway whose broker does not take it whole (docs/nats.md, "Too large"): who, when, what, and
 * the leaf, with which the gateway's tree is the node's all the same. null: not even that fits.
 */
export function stubOf(record: Uint8Array, maxBytes: number): Uint8Array | null {
  const decoded = decodeRecord(record);
  if (!decoded.ok) return null;
  const stub = { bytes: BigInt(record.length), leafHash: leafHash(record) };
  const { finding } = decoded.record;
  const ids = { ...identity(decoded.record), stub };
  const rule = finding === null ? {} : { finding: { rule: finding.rule } };
  const summary =
    finding === null ? {} : { finding: { rule: finding.rule, summary: finding.summary } };
  for (const more of [summary, rule, {}]) {
    const bytes = encodeRecord({ ...ids, ...more });
    if (bytes.length <= maxBytes) return bytes;
  }
  return null;
}

const identity = (record: StoredRecord): Given<StoredRecord> => {
  const { eventId, node, tenant, bootId, epoch, seq, kind, claim, severity } = record;
  const { wallNs, bootNs, origin, agent } = record;
  return {
    ...{ eventId, node, tenant, bootId, epoch, seq, kind, claim, severity, wallNs, bootNs },
    class: record.class,
    ...(origin === null ? {} : { origin }),
    // What it was recognised by may be what makes the record large.
    ...(agent === null ? {} : { agent: { ...agent, evidence: [] } }),
  };
};
