import { createHash } from 'node:crypto';
import { readHeader } from '../record/index.js';
import { decodeDelimited, parseSubject } from '../subject/index.js';

/** One record as it came, and what decides where it belongs. */
export interface Incoming {
  readonly bytes: Uint8Array;
  readonly seq: bigint;
  readonly epoch: number;
  readonly kind: string;
}

/** Who a subject says is speaking: the broker lets nobody else publish there. */
export interface Who {
  readonly tenant: string;
  readonly node: string;
}

export interface Shard {
  readonly index: number;
  readonly of: number;
}

export type Received =
  | {
      readonly ok: true;
      readonly who: Who;
      readonly records: readonly Incoming[];
      /** Records of the message that speak for another node, or have no number. */
      readonly refused: number;
    }
  /** other: a subject of this stream that is not for us, or a node of another shard. */
  | { readonly ok: false; readonly reason: 'other' | 'subject' | 'body' };

/** Names are those of a configuration; longer ones are nobody's. */
const MAX_NAME_BYTES = 64;

/** Whether a node falls to this shard: the first four bytes of SHA-256 over `<tenant>/<node>`, modulo the shards. */
export function isOfShard({ tenant, node }: Who, { index, of }: Shard): boolean {
  if (of === 1) return true;
  const digest = createHash('sha256').update(`${tenant}/${node}`).digest();
  return digest.readUInt32BE(0) % of === index;
}

/** The records of one message. The bytes of the message are not copied. */
export function receive(subject: string, data: Uint8Array, shard: Shard): Received {
  const about = parseSubject(subject);
  if (about === null) return { ok: false, reason: 'subject' };
  const who = { tenant: about.tenant, node: about.node };
  if (about.type === 'cosign' || !isOfShard(who, shard)) return { ok: false, reason: 'other' };
  if (!isName(who.tenant) || !isName(who.node)) return { ok: false, reason: 'subject' };
  const body = decodeDelimited(data);
  if (!body.ok) return { ok: false, reason: 'body' };
  const records = body.items.flatMap((bytes) => incoming(bytes, who));
  return { ok: true, who, records, refused: body.items.length - records.length };
}

const isName = (name: string): boolean => name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES;

function incoming(bytes: Uint8Array, who: Who): Incoming[] {
  const header = readHeader(bytes);
  if (header === null || header.seq < 1n) return [];
  if (header.tenant !== who.tenant || header.node !== who.node) return [];
  return [{ bytes, seq: header.seq, epoch: header.epoch, kind: header.kind }];
}
