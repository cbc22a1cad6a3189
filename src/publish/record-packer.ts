import { hash } from 'node:crypto';
import { decodeRecord, readHeader } from '../record/index.js';
import type { RecordHeader } from '../record/index.js';
import { encodeDelimited, subjectOf } from '../subject/index.js';
import type { Packed, Packer } from './packer.js';
import { stubOf } from './stub.js';

const MAX_SUBJECTS = 1024;

/** Records as they are, for the stream WATCHFLOOR (docs/nats.md). */
export class RecordPacker implements Packer {
  readonly maxRecords: number = 256;
  readonly maxBytes = 64 * 1024;
  /** An agent's UUID is a hash, and records of one agent come in hundreds. */
  private readonly subjects = new Map<string, string>();

  constructor(
    private readonly tenant: string,
    private readonly node: string,
  ) {}

  pack(record: Uint8Array): readonly Packed[] {
    const header = readHeader(record);
    if (header === null) return [this.unreadable(record)];
    const { eventId: id, kind } = header;
    const packed = { subject: this.subject(header), id, body: record };
    return [kind === 'checkpoint' ? { ...packed, covers: sizeOf(record) } : packed];
  }

  shrink(record: Uint8Array, maxBytes: number): readonly Packed[] | null {
    const body = stubOf(record, maxBytes - 4);
    return body === null ? null : this.pack(body);
  }

  join(bodies: readonly Uint8Array[]): Uint8Array {
    return encodeDelimited(bodies);
  }

  private subject(header: RecordHeader): string {
    const { tenant, node, kind, agentId } = header;
    const own = kind === 'checkpoint' || kind === 'heartbeat' ? kind : '';
    const key = [tenant, node, own, header.class, agentId].join('\0');
    const known = this.subjects.get(key);
    if (known !== undefined) return known;
    if (this.subjects.size >= MAX_SUBJECTS) this.subjects.clear();
    const subject = subjectOf(header);
    this.subjects.set(key, subject);
    return subject;
  }

  /** Of a later version, perhaps. The gateway needs its bytes all the same: they are a leaf of the tree. */
  private unreadable(record: Uint8Array): Packed {
    const { tenant, node } = this;
    const subject = subjectOf({ tenant, node, class: 0, kind: '', agentId: '' });
    return { subject, id: hash('sha256', record, 'hex').slice(0, 36), body: record };
  }
}

function sizeOf(record: Uint8Array): bigint {
  const decoded = decodeRecord(record);
  return decoded.ok ? (decoded.record.checkpoint?.size ?? 0n) : 0n;
}
