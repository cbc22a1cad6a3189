import { hash } from 'node:crypto';

/** What makes an event this one and no other. */
export interface EventOrigin {
  readonly node: string;
  readonly bootId: string;
  readonly ring: string;
  readonly cpu: number;
  readonly seq: bigint;
  /** Tells apart the records one event gave. */
  readonly part: string;
}

const netstring = (text: string): string => `${Buffer.byteLength(text)}:${text},`;

/** Of digits, each of which is one byte. */
const plain = (digits: string): string => `${digits.length}:${digits},`;

/** The parts that all records of a ring share, as they were last asked for. */
let last = { node: '', bootId: '', ring: '', text: '0:,0:,0:,' };

function placeOf(node: string, bootId: string, ring: string): string {
  if (node !== last.node || bootId !== last.bootId || ring !== last.ring) {
    last = { node, bootId, ring, text: [node, bootId, ring].map(netstring).join('') };
  }
  return last.text;
}

/**
 * UUIDv7 (RFC 9562, 5.7): 48 bits of the event's Unix time in milliseconds, then 74 bits of a SHA-256 over the origin's
 * six parts as netstrings. The same event gets the same id on every replay, and so at the gateway it is one event.
 */
export function deriveEventId(wallNs: bigint, origin: EventOrigin): string {
  const { node, bootId, ring, cpu, seq, part } = origin;
  const text = `${placeOf(node, bootId, ring)}${plain(`${cpu}`)}${plain(`${seq}`)}${netstring(part)}`;
  const digest = hash('sha256', text, 'hex');
  const time = BigInt.asUintN(48, wallNs / 1_000_000n)
    .toString(16)
    .padStart(12, '0');
  const variant = (8 | (Number.parseInt(digest.charAt(3), 16) & 3)).toString(16);
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${digest.slice(0, 3)}`,
    `${variant}${digest.slice(4, 7)}`,
    digest.slice(7, 19),
  ].join('-');
}
