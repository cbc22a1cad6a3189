import t from 'tap';
import { readCryptoFrames } from '../../../src/flow/quic-frames.js';
import { clientInitialKeys, openInitial, readLongPackets } from '../../../src/flow/quic-initial.js';
import { QuicClient } from '../../../src/flow/quic-client.js';
import { quicVersion, quicVersionName } from '../../../src/flow/quic-version.js';
import { parseClientHello } from '../../../src/flow/tls-client-hello.js';
import { cryptoFrame, helloMessage, initialPacket } from './wire.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
/** RFC 9001 A.1 and A.2, RFC 9369 A.1. */
const DESTINATION = hex('8394c8f03e515708');
const FRAME = hex(`060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
  04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100
  000a00080006001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9
  caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306
  030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ff
  ff0801100104800075300901100f088394c8f03e51570806048000ffff`);

const SNI = 'api.example.com';
const MESSAGE = helloMessage({ sni: SNI, alpn: ['h3'], padding: 1500 });
const packet = (from: number, to: number, number = 0): Buffer =>
  initialPacket({
    destination: DESTINATION,
    number,
    frames: cryptoFrame(from, MESSAGE.subarray(from, to)),
  });
/** Version, and name or how much of the message was there. */
function said(client: QuicClient, ...datagrams: readonly Uint8Array[]): string[] {
  return datagrams.flatMap((datagram) =>
    client.on(datagram).map(({ quic, handshake }) => `${quic} ${nameIn(handshake?.message)}`),
  );
}
function nameIn(message: Uint8Array | undefined): string {
  const hello = message === undefined ? null : parseClientHello(message);
  return hello?.sni ? Buffer.from(hello.sni).toString() : '-';
}

t.test("keys are those of the RFCs' examples", (t) => {
  const [one, two] = [quicVersion(1), quicVersion(0x6b3343cf)];
  if (one === null || two === null) throw new Error('unknown version');
  const keys = (version: typeof one): string[] =>
    Object.values(clientInitialKeys(version, DESTINATION)).map((key: Uint8Array) =>
      Buffer.from(key).toString('hex'),
    );
  t.same(keys(one), [
    '1f369613dd76d5467730efcbe3b1a22d',
    'fa044b2f42a3fd3b46fb255c',
    '9f50449e04a0e810283a1e9933adedd2',
  ]);
  t.same(keys(two), [
    '8b1a0bc121284290a29e0971b5cd045d',
    '91f73e2351d8fa91660e909f',
    '45b95e15235d6f45a6b19cbcb0294ba9',
  ]);
  t.end();
});

t.test("the Initial of RFC 9001's example gives its name", (t) => {
  const sent = initialPacket({ destination: DESTINATION, frames: FRAME, number: 2 });
  // The example as it is printed: its first 64 bytes and its tag.
  t.equal(
    sent.subarray(0, 64).toString('hex'),
    'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11' +
      'd242b123dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f63300099f399',
  );
  t.equal(sent.subarray(-16).toString('hex'), 'e221af44860018ab0856972e194cd934');
  t.same(said(new QuicClient(), sent), ['1 example.com']);
  for (const version of [2, 'draft-29'] as const) {
    const other = initialPacket({ destination: DESTINATION, frames: FRAME, version });
    t.same(said(new QuicClient(), other), [`${version} example.com`]);
  }
  t.end();
});

t.test('a hello over many packets, frames and orders is one', (t) => {
  const all = MESSAGE.length;
  t.same(said(new QuicClient(), packet(0, 1100), packet(1100, all, 1)), [`1 ${SNI}`]);
  t.same(said(new QuicClient(), packet(1100, all, 1), packet(0, 1100)), [`1 ${SNI}`]);
  const client = new QuicClient();
  t.same(said(client, packet(0, 1100), packet(0, 1100), packet(900, all, 2)), [`1 ${SNI}`]);
  t.same(said(client, packet(0, 1100, 3), packet(1100, all, 4)), [], 'it is said once');
  t.notOk(client.isWaiting);
  t.same(client.giveUp(), []);
  const coalesced = Buffer.concat([packet(0, 900), packet(900, all, 1)]);
  t.same(said(new QuicClient(), coalesced), [`1 ${SNI}`], 'two in one datagram');
  // As Chromium scrambles them, with what else may stand between.
  const pieces: Buffer[] = [hex('01'), hex('02 05 00 00 01')];
  for (let at = 0; at < all; at += 100) {
    pieces.unshift(hex('00'), cryptoFrame(at, MESSAGE.subarray(at, at + 100)));
  }
  pieces.splice(3, 0, hex('03 05 00 01 00 00 00 01 02 03'));
  const scrambled = initialPacket({ destination: DESTINATION, frames: Buffer.concat(pieces) });
  t.same(said(new QuicClient(), scrambled), [`1 ${SNI}`]);
  t.end();
});

t.test('after the server spoke, and after a retry, keys are found again', (t) => {
  const chosen = hex('0102030405060708090a');
  const second = initialPacket({
    destination: chosen,
    keysOf: DESTINATION,
    number: 1,
    frames: cryptoFrame(1100, MESSAGE.subarray(1100)),
  });
  t.same(said(new QuicClient(), packet(0, 1100), second), [`1 ${SNI}`]);
  const retried = initialPacket({
    destination: chosen,
    token: Buffer.alloc(80, 1),
    frames: cryptoFrame(0, helloMessage({ sni: 'b.test' })),
  });
  const client = new QuicClient();
  t.same(said(client, packet(0, 1100), retried), ['1 b.test']);
  t.same(
    client.giveUp().map(({ handshake }) => handshake?.state),
    ['partial'],
    'the first is said as far as it came',
  );
  for (let i = 0; i < 10; i += 1) {
    const destination = Buffer.alloc(8, i);
    const frames = cryptoFrame(0, helloMessage({ sni: `${i}.test` }));
    t.same(said(client, initialPacket({ destination, frames })), [`1 ${i}.test`]);
  }
  t.end();
});

t.test('what cannot be read is said once, and not at all where something else was', (t) => {
  const foreign = initialPacket({ destination: DESTINATION, frames: FRAME, keysOf: hex('ff') });
  const strange = Buffer.from(packet(0, 100));
  strange.writeUInt32BE(0x1a2a3a4a, 1);
  for (const [datagram, version] of [
    [foreign, '1'],
    [strange, '0x1a2a3a4a'],
  ] as const) {
    const client = new QuicClient();
    t.same(said(client, datagram, datagram), []);
    t.ok(client.isWaiting);
    t.same(client.giveUp(), [{ quic: version, handshake: null }]);
    t.notOk(client.isWaiting);
    t.same(client.giveUp(), []);
  }
  const client = new QuicClient();
  said(client, foreign, initialPacket({ destination: hex('05'), frames: FRAME }));
  t.same(client.giveUp(), []);
  t.equal(quicVersionName(0xff00001e), 'draft-30');
  t.equal(quicVersionName(0xff000021), '0xff000021');
  t.end();
});

t.test('a hello without end is said when there is no more room for it', (t) => {
  const client = new QuicClient();
  const endless = Buffer.concat([Buffer.from([1, 0xff, 0xff, 0xff]), Buffer.alloc(20_000)]);
  const sent = Array.from({ length: 20 }, (_, i) =>
    initialPacket({
      destination: DESTINATION,
      number: i,
      frames: cryptoFrame(i * 1000, endless.subarray(i * 1000, i * 1000 + 1000)),
    }),
  );
  t.same(said(client, ...sent), ['1 -']);
  t.end();
});

t.test('other packets and frames are passed over', (t) => {
  const initial = packet(0, 100);
  t.equal(readLongPackets(Buffer.from([0x40, 1, 2, 3])).form, 'other', 'a short header');
  t.equal(readLongPackets(new Uint8Array()).form, 'other');
  const handshake = Buffer.from(initial);
  handshake[0] = 0xe0;
  t.equal(readLongPackets(handshake).form, 'other');
  const retry = Buffer.from(initial);
  retry[0] = 0xf0;
  t.equal(readLongPackets(retry).form, 'other');
  const long = Buffer.from(initial);
  long[5] = 21;
  t.equal(readLongPackets(long).form, 'other', 'a connection id over 20 bytes');
  for (let end = 0; end < initial.length; end += 1) {
    if (readLongPackets(initial.subarray(0, end)).form !== 'other') t.fail(`cut at ${end}`);
  }
  const zeroRtt = Buffer.concat([
    hex('d0 00000001 00 00'),
    Buffer.from([0x40, 20]),
    Buffer.alloc(20),
    initial,
  ]);
  t.match(readLongPackets(zeroRtt), { form: 'initials', packets: [{ numberAt: 18 }] });
  t.same(readCryptoFrames(hex('06 00 05 61')), [], 'longer than its packet');
  t.same(readCryptoFrames(hex('02 00 00 7fff 00 06 00 01 61')), [], 'ranges without end');
  t.same(readCryptoFrames(hex('02 00 00 02 00 00')), []);
  t.same(readCryptoFrames(hex('06 ffffffffffffffff 01 61')), [], 'no exact number');
  t.same(readCryptoFrames(hex('1c 00 06 00 01 61')), [], 'a frame that ends the connection');
  t.same(readCryptoFrames(hex('06 00 01 61 08 06 01 01 62')).length, 1, 'one that may not be here');
  t.end();
});

t.test('any bytes are read without a throw', (t) => {
  let seed = 0x9e3779b9;
  const random = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const one = quicVersion(1);
  if (one === null) throw new Error('unknown version');
  const keys = clientInitialKeys(one, DESTINATION);
  let read = 0;
  for (let run = 0; run < 4000; run += 1) {
    const frames = Buffer.from(FRAME);
    for (let i = random(4); i > 0; i -= 1) frames[random(frames.length)] = random(256);
    const sent = initialPacket({ destination: DESTINATION, frames, padTo: frames.length });
    const isChanged = run % 2 === 0;
    if (isChanged) for (let i = random(3); i > 0; i -= 1) sent[random(60)] = random(256);
    const cut = run % 5 === 0 ? sent.subarray(0, random(sent.length)) : sent;
    const client = new QuicClient();
    read += said(client, cut, cut).length;
    client.giveUp();
    const long = readLongPackets(cut);
    if (long.form === 'initials') for (const each of long.packets) openInitial(each, keys);
  }
  t.ok(read > 500, `${read} of them were read`);
  const short = { version: one, destination: DESTINATION, bytes: hex('c0'), numberAt: 1 };
  t.equal(openInitial(short, keys), null);
  t.end();
});
