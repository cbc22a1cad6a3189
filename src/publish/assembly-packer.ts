import { decodeRecord } from '../record/index.js';
import { auditMessages } from './assembly/index.js';
import type { Packed, Packer } from './packer.js';

/** What Agent Assembly's gateway is told, for the stream AUDIT. */
export const assemblyPacker: Packer = {
  pack: (record) => messagesOf(record),
  shrink(record, maxBytes) {
    const messages = messagesOf(record, maxBytes);
    return messages.every(({ body }) => body.length <= maxBytes) ? messages : null;
  },
  // A body is one JSON object over there.
  maxRecords: 1,
  maxBytes: 64 * 1024,
  join: ([body = new Uint8Array(0)]) => body,
};

function messagesOf(record: Uint8Array, maxBytes?: number): readonly Packed[] {
  const decoded = decodeRecord(record);
  return decoded.ok ? auditMessages(decoded.record, maxBytes) : [];
}
