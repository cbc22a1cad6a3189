import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';

/** Wire bytes made by hand, as clients make them. */

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const vector8 = (body: Buffer): Buffer => Buffer.concat([Buffer.from([body.length]), body]);
const vector16 = (body: Buffer): Buffer => Buffer.concat([u16(body.length), body]);
const vector24 = (body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0]), u16(body.length), body]);

export function dnsQuery(name: string | readonly Buffer[], type = 1): Buffer {
  const labels =
    typeof name === 'string'
      ? name.split('.').flatMap((label) => (label === '' ? [] : [Buffer.from(label, 'latin1')]))
      : name;
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const question = [...labels.map(vector8), Buffer.from([0]), u16(type), u16(1)];
  return Buffer.concat([header, ...question]);
}

export interface HelloPlan {
  readonly sni?: string | Buffer;
  readonly alpn?: readonly string[];
  /** Bytes of other extensions before these. */
  readonly padding?: number;
  readonly suites?: readonly number[];
  /** Of supported_versions. */
  readonly versions?: readonly number[];
  readonly signatures?: readonly number[];
  /** Extensions without a body, behind all others. */
  readonly empty?: readonly number[];
}

const numbers = (values: readonly number[]): Buffer => Buffer.concat(values.map(u16));

/** In one record. */
export const clientHello = (plan: HelloPlan): Buffer => {
  const message = helloMessage(plan);
  return inRecords(message, message.length);
};

/** A handshake message cut into records of `size` bytes. */
export function inRecords(message: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1]), vector16(part));
  }
  return Buffer.concat(records);
}

export function helloMessage({
  sni,
  alpn,
  padding = 0,
  suites = [0x1301, 0x1302, 0x1303],
  versions,
  signatures,
  empty = [],
}: HelloPlan): Buffer {
  const extension = (type: number, body: Buffer): Buffer =>
    Buffer.concat([u16(type), vector16(body)]);
  const extensions = [extension(0x0a0a, Buffer.alloc(padding))];
  if (sni !== undefined) {
    const name = vector16(typeof sni === 'string' ? Buffer.from(sni, 'latin1') : sni);
    extensions.push(extension(0, vector16(Buffer.concat([Buffer.from([0]), name]))));
  }
  if (alpn !== undefined) {
    const names = alpn.map((name) => vector8(Buffer.from(name, 'latin1')));
    extensions.push(extension(16, vector16(Buffer.concat(names))));
  }
  if (versions !== undefined) extensions.push(extension(43, vector8(numbers(versions))));
  if (signatures !== undefined) extensions.push(extension(13, vector16(numbers(signatures))));
  for (const type of empty) extensions.push(extension(type, Buffer.alloc(0)));
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 7),
    vector8(Buffer.alloc(32, 9)),
    vector16(numbers(suites)),
    vector8(Buffer.from([0])),
    vector16(Buffer.concat(extensions)),
  ]);
  return Buffer.concat([Buffer.from([1]), vector24(body)]);
}

/** A QUIC integer (RFC 9000 16), in two bytes, or in four where that is not enough. */
export const varint = (value: number): Buffer =>
  value < 0x4000
    ? u16(0x4000 | value)
    : Buffer.from([0x80 | (value >>> 24), (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);

export const cryptoFrame = (offset: number, data: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([6]), varint(offset), varint(data.length), data]);

export interface InitialPlan {
  readonly destination: Uint8Array;
  readonly frames: Uint8Array;
  readonly version?: 1 | 2 | 'draft-29';
  readonly number?: number;
  /** Whose keys, where they are not those of `destination`. */
  readonly keysOf?: Uint8Array;
  readonly token?: Uint8Array;
  /** Length of the payload: PADDING follows the frames. */
  readonly padTo?: number;
}

const SALTS = {
  1: '38762cf7f55934b34d179ae6a4c80cadccbb7f0a',
  2: '0dede3def700a6db819381be6e269dcbf9bd2ed9',
  'draft-29': 'afbfec289993d24c9e9786f19c6111e04390a899',
};
const NUMBERS = { 1: '00000001', 2: '6b3343cf', 'draft-29': 'ff00001d' };

/** An Initial packet as a client protects it (RFC 9001 5), without the code that is tested. */
export function initialPacket(plan: InitialPlan): Buffer {
  const { destination, frames, version = 1, number = 0, token = Buffer.alloc(0) } = plan;
  const keys = initialKeys(version, plan.keysOf ?? destination);
  const payload = Buffer.alloc(Math.max(frames.length, plan.padTo ?? 1162));
  payload.set(frames);
  const header = Buffer.concat([
    Buffer.from([(version === 2 ? 0xd0 : 0xc0) | 3]),
    Buffer.from(NUMBERS[version], 'hex'),
    vector8(Buffer.from(destination)),
    vector8(Buffer.alloc(0)),
    token.length === 0 ? Buffer.from([0]) : varint(token.length),
    token,
    varint(4 + payload.length + 16),
    Buffer.from([0, 0, number >> 8, number & 255]),
  ]);
  const nonce = Buffer.from(keys.iv);
  nonce.writeUInt16BE(nonce.readUInt16BE(10) ^ number, 10);
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce);
  cipher.setAAD(header);
  const sealed = Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  const mask = createCipheriv('aes-128-ecb', keys.hp, null).update(sealed.subarray(0, 16));
  header.writeUInt8(header.readUInt8(0) ^ (mask.readUInt8(0) & 15), 0);
  for (let i = 0; i < 4; i += 1) {
    const at = header.length - 4 + i;
    header.writeUInt8(header.readUInt8(at) ^ mask.readUInt8(i + 1), at);
  }
  return Buffer.concat([header, sealed]);
}

function initialKeys(version: keyof typeof SALTS, destination: Uint8Array) {
  const salt = Buffer.from(SALTS[version], 'hex');
  const secret = hkdfSync('sha256', destination, salt, label('client in', 32), 32);
  // Keys are expanded without an extraction, which for one block is one HMAC (RFC 5869 2.3).
  const expand = (name: string, length: number): Buffer =>
    createHmac('sha256', Buffer.from(secret))
      .update(Buffer.concat([label(name, length), Buffer.from([1])]))
      .digest()
      .subarray(0, length);
  const prefix = version === 2 ? 'quicv2' : 'quic';
  return {
    key: expand(`${prefix} key`, 16),
    iv: expand(`${prefix} iv`, 12),
    hp: expand(`${prefix} hp`, 16),
  };
}

const label = (name: string, length: number): Buffer =>
  Buffer.concat([u16(length), vector8(Buffer.from(`tls13 ${name}`)), Buffer.from([0])]);
