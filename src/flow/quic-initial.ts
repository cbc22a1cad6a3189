import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { ByteCursor } from './byte-cursor.js';
import { quicVersion, type QuicVersion } from './quic-version.js';

/** One Initial packet, still protected. */
export interface InitialPacket {
  readonly version: QuicVersion;
  readonly destination: Uint8Array;
  /** From its first byte to its last. */
  readonly bytes: Uint8Array;
  /** Where the packet number begins. */
  readonly numberAt: number;
}

export interface InitialKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly header: Uint8Array;
}

/** What a datagram begins with. `strange`: a long header of a version whose keys nobody knows. */
export type LongPackets =
  | { readonly form: 'initials'; readonly packets: readonly InitialPacket[] }
  | { readonly form: 'strange'; readonly version: number }
  | { readonly form: 'other' };

const CID_MAX = 20;
const PACKETS_MAX = 8;
const SAMPLE_BYTES = 16;
const TAG_BYTES = 16;
const LONG = 0xc0;

/** The Initial packets in a datagram (RFC 9000 12.2 and 17.2); what else is in it is passed over. */
export function readLongPackets(datagram: Uint8Array): LongPackets {
  const packets: InitialPacket[] = [];
  let rest = datagram;
  for (let count = 0; count < PACKETS_MAX && rest.length > 0; count += 1) {
    const cursor = new ByteCursor(rest);
    const flags = cursor.number(1) ?? 0;
    const number = cursor.number(4);
    if ((flags & LONG) !== LONG || number === null || number === 0) break;
    const version = quicVersion(number);
    const destination = cursor.vector(1);
    const source = cursor.vector(1);
    if (destination === null || source === null) break;
    if (destination.length > CID_MAX || source.length > CID_MAX) break;
    if (version === null) {
      if (packets.length === 0) return { form: 'strange', version: number };
      break;
    }
    const type = (flags >> 4) & 3;
    if (type === version.retry) break;
    if (type === version.initial && cursor.bytes(cursor.varint() ?? Infinity) === null) break;
    const length = cursor.varint();
    const numberAt = rest.length - cursor.left;
    if (length === null || cursor.bytes(length) === null) break;
    const end = numberAt + length;
    if (type === version.initial) {
      packets.push({ version, destination, bytes: rest.subarray(0, end), numberAt });
    }
    rest = rest.subarray(end);
  }
  return packets.length === 0 ? { form: 'other' } : { form: 'initials', packets };
}

/** What a client protects its Initials with: anybody who sees its first one can tell (RFC 9001 5.2). */
export function clientInitialKeys(version: QuicVersion, destination: Uint8Array): InitialKeys {
  const initial = hmac(version.salt, destination);
  const secret = expandLabel(initial, 'client in', 32);
  return {
    key: expandLabel(secret, `${version.label} key`, 16),
    iv: expandLabel(secret, `${version.label} iv`, 12),
    header: expandLabel(secret, `${version.label} hp`, 16),
  };
}

/** The frames of a packet; null: these are not its keys, or it was changed on the way. */
export function openInitial(packet: InitialPacket, keys: InitialKeys): Uint8Array | null {
  const { bytes, numberAt } = packet;
  const sample = bytes.subarray(numberAt + 4, numberAt + 4 + SAMPLE_BYTES);
  if (sample.length < SAMPLE_BYTES) return null;
  // RFC 9001 5.4: type bits and packet number are under a mask of their own.
  const mask = createCipheriv('aes-128-ecb', keys.header, null).update(sample);
  const head = Uint8Array.from(bytes.subarray(0, numberAt + 4));
  head[0] = (head[0] ?? 0) ^ ((mask[0] ?? 0) & 0x0f);
  const numberBytes = (head[0] & 3) + 1;
  const nonce = Uint8Array.from(keys.iv);
  for (let i = 0; i < numberBytes; i += 1) {
    const at = numberAt + i;
    head[at] = (head[at] ?? 0) ^ (mask[i + 1] ?? 0);
    // The number itself: of the first packets of a connection nothing is cut off (RFC 9000 17.1).
    const place = nonce.length - numberBytes + i;
    nonce[place] = (nonce[place] ?? 0) ^ (head[at] ?? 0);
  }
  const from = numberAt + numberBytes;
  const to = bytes.length - TAG_BYTES;
  if (to < from) return null;
  const decipher = createDecipheriv('aes-128-gcm', keys.key, nonce);
  decipher.setAAD(head.subarray(0, from));
  decipher.setAuthTag(bytes.subarray(to));
  const plain = decipher.update(bytes.subarray(from, to));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return plain;
}

const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHmac('sha256', key)).digest();

/** HKDF-Expand-Label (RFC 8446 7.1) without a context, up to the length of one hash. */
function expandLabel(secret: Uint8Array, name: string, length: number): Uint8Array {
  const label = Buffer.from(`tls13 ${name}`);
  const info = Buffer.concat([Buffer.from([0, length, label.length]), label, Buffer.from([0, 1])]);
  return hmac(secret, info).subarray(0, length);
}
