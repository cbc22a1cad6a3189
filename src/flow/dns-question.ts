import { ByteCursor } from './byte-cursor.js';
import { visibleName } from './visible-text.js';

export interface DnsQuestion {
  /** Lower case, without the final dot, odd bytes escaped; at most 255 bytes on the wire. `.` for the root. */
  readonly name: string;
  /** Such as `A` or `AAAA`; `TYPE123` where there is no common name (RFC 3597 5). */
  readonly type: string;
}

const NAME_MAX = 255;
const LABEL_MAX = 63;
const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  10: 'NULL',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  64: 'SVCB',
  65: 'HTTPS',
  255: 'ANY',
};

/** The first question of a query (RFC 1035 4.1). null: no query, or malformed. */
export function parseDnsQuestion(message: Uint8Array): DnsQuestion | null {
  const cursor = new ByteCursor(message);
  cursor.number(2);
  const flags = cursor.number(2);
  const questions = cursor.number(2);
  const counts = cursor.bytes(6);
  if (flags === null || questions === null || counts === null || questions === 0) return null;
  const isQuery = (flags & 0x8000) === 0 && (flags & 0x7800) === 0;
  if (!isQuery) return null;
  const name = readName(cursor);
  const type = cursor.number(2);
  if (name === null || type === null) return null;
  return { name, type: TYPES[type] ?? `TYPE${type}` };
}

/** A first question has nothing before it to point back to, so a compression pointer is refused rather than followed. */
function readName(cursor: ByteCursor): string | null {
  const labels: string[] = [];
  let wire = 1;
  for (;;) {
    const length = cursor.number(1);
    if (length === null || length > LABEL_MAX) return null;
    if (length === 0) return labels.length === 0 ? '.' : labels.join('.');
    wire += length + 1;
    const label = cursor.bytes(length);
    if (label === null || wire > NAME_MAX) return null;
    labels.push(visibleName(label));
  }
}
