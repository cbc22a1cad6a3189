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
}

export function clientHello({ sni, alpn, padding = 0 }: HelloPlan): Buffer {
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
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 7),
    vector8(Buffer.alloc(32, 9)),
    vector16(Buffer.from('130113021303', 'hex')),
    vector8(Buffer.from([0])),
    vector16(Buffer.concat(extensions)),
  ]);
  const handshake = Buffer.concat([Buffer.from([1]), vector24(body)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), vector16(handshake)]);
}
