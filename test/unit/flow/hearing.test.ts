import t from 'tap';
import type { ProcessKey, Tuple, WireHeadEvent } from '../../../src/event/index.js';
import { Hearing } from '../../../src/flow/hearing.js';
import { openEntry, type FlowEntry } from '../../../src/flow/flow-entry.js';
import { tlsOfFlow, type FlowChange } from '../../../src/flow/flow.js';
import { baseOf } from '../../helpers/events.js';
import {
  clientHello,
  cryptoFrame,
  dnsQuery,
  helloMessage,
  initialPacket,
  inRecords,
  type HelloPlan,
} from './wire.js';

const KEY: ProcessKey = { tgid: 100, startNs: 5n };
const MS = 1_000_000n;
const tuple = (dstPort: number, protocol: Tuple['protocol'], dstIp = '203.0.113.10'): Tuple => ({
  family: 'ipv4',
  protocol,
  srcIp: '192.0.2.1',
  srcPort: 40_000,
  dstIp,
  dstPort,
});

/** One flow and what it says. `at` in milliseconds. */
class Scene {
  readonly hearing: Hearing;
  readonly entry: FlowEntry;
  readonly #tuple: Tuple;

  constructor(to: Tuple = tuple(443, 'tcp'), hearing = new Hearing()) {
    this.hearing = hearing;
    this.#tuple = to;
    const base = baseOf(KEY, KEY, 0n);
    this.entry = openEntry({ ...base, cookie: 1n, tuple: to }, 1, true);
  }

  event(bytes: Uint8Array, more: Partial<WireHeadEvent> = {}, at = 1): WireHeadEvent {
    return {
      kind: 'wire_head',
      ...baseOf(KEY, KEY, BigInt(at) * MS),
      cookie: 1n,
      tuple: this.#tuple,
      original: bytes.length,
      offset: 0,
      datagramBytes: 0,
      bytes,
      ...more,
    };
  }

  hears(bytes: Uint8Array, more: Partial<WireHeadEvent> = {}, at = 1): string[] {
    return this.hearing.on(this.entry, this.event(bytes, more, at)).map(say);
  }

  /** The stream in segments of `size` bytes, a millisecond apart. */
  segments(stream: Uint8Array, size: number, base = 0): string[] {
    const said: string[] = [];
    for (let at = 0; at < stream.length; at += size) {
      said.push(...this.hears(stream.subarray(at, at + size), { offset: base + at }));
    }
    return said;
  }
}

function say(change: FlowChange): string {
  switch (change.change) {
    case 'hello':
      return `hello ${change.index} ${change.sni ?? '-'} ${change.alpn.join()}`.trimEnd();
    case 'named':
      return `named ${change.host} ${change.source}`;
    case 'dns':
      return `dns ${change.index} ${change.question} ${change.type}`;
    case 'closed':
    case 'settled':
      return change.change;
  }
}

const SNI = 'api.example.com';
const PLAN: HelloPlan = { sni: SNI, alpn: ['h2'], padding: 700, versions: [0x0304] };
const HEARD = [`named ${SNI} sni`, `hello 0 ${SNI} h2`];

t.test('a ClientHello over any segments and records is one, with its fingerprint', (t) => {
  const message = helloMessage(PLAN);
  const whole = new Scene();
  t.same(whole.hears(inRecords(message, message.length)), HEARD);
  const { ja4 } = tlsOfFlow(whole.entry);
  t.match(ja4, /^t13d0303h2_[0-9a-f]{12}_[0-9a-f]{12}$/);
  for (const [record, segment] of [
    [message.length, 1],
    [message.length, 100],
    [1, 1000],
    [7, 13],
    [100, 5],
  ] as const) {
    const scene = new Scene();
    const stream = inRecords(message, record);
    t.same(scene.segments(stream, segment), HEARD, `records of ${record}, segments of ${segment}`);
    t.same(tlsOfFlow(scene.entry), { sni: SNI, alpn: ['h2'], ja4 });
    t.equal(scene.hearing.stats().openings, 0, 'nothing of it is kept');
  }
  t.end();
});

t.test('segments sent again, cut otherwise or out of order change nothing', (t) => {
  const stream = inRecords(helloMessage(PLAN), 300);
  const scene = new Scene();
  const half = Math.floor(stream.length / 2);
  t.same(scene.hears(stream.subarray(0, 50)), []);
  t.same(scene.hears(stream.subarray(half), { offset: half }), []);
  t.same(scene.hears(stream.subarray(20, 90), { offset: 20 }), []);
  t.same(scene.hears(stream.subarray(0, half + 9)), HEARD);
  t.same(scene.hears(Buffer.from('x'), { offset: 9999 }), [], 'what follows is not read');
  t.end();
});

t.test('a ClientHello inside of what came before it is heard', (t) => {
  const hello = clientHello(PLAN);
  const tunnel = new Scene(tuple(8080, 'tcp'));
  t.same(tunnel.hears(Buffer.from('CONNECT real.example:443 HTTP/1.1\r\n\r\n')), [
    'named real.example connect_target',
  ]);
  t.same(tunnel.hears(hello, { offset: 40 }), [`hello 0 ${SNI} h2`]);
  t.equal(tunnel.entry.sni, SNI);
  t.equal(tunnel.entry.net.host, 'real.example', 'the stronger name stays');
  const socks = new Scene(tuple(1080, 'tcp'));
  t.same(socks.hears(Buffer.from([5, 1, 0])), []);
  t.same(socks.segments(hello, 100, 30), HEARD);
  const late = new Scene();
  t.same(late.hears(Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'), { offset: 90 }), []);
  t.end();
});

t.test('what is missing of a hello is waited for a second, and then it is said', (t) => {
  const stream = clientHello({ ...PLAN, padding: 0 });
  const scene = new Scene();
  scene.hears(stream.subarray(0, stream.length - 4));
  t.same(scene.hearing.tick(1000n * MS), []);
  t.same(scene.hearing.tick(1001n * MS).map(say), HEARD);
  t.notHas(tlsOfFlow(scene.entry), { ja4: String }, 'half a hello has no fingerprint');
  t.match(scene.hearing.stats(), { partial: 1, openings: 0 });
  t.same(scene.hearing.tick(9000n * MS), []);
  const short = new Scene();
  short.hears(stream.subarray(0, 20));
  t.same(short.hearing.end(short.entry), [], 'too little to be one');
  t.equal(short.hearing.stats().malformed, 1);
  const gone = new Scene();
  gone.hears(stream.subarray(0, stream.length - 4));
  t.same(gone.hearing.end(gone.entry).map(say), HEARD, 'or until the flow is over');
  t.same(gone.hearing.end(gone.entry), []);
  t.end();
});

t.test('what only begins like a hello is counted, and no flow is kept for ever', (t) => {
  const scene = new Scene();
  scene.hears(Buffer.from([22]));
  t.same(scene.hears(Buffer.from('GET'), { offset: 1 }), []);
  t.match(scene.hearing.stats(), { malformed: 1, openings: 0 });
  const endless = new Scene();
  const message = Buffer.concat([Buffer.from([1, 1, 0, 0]), Buffer.alloc(20_000)]);
  t.same(endless.segments(inRecords(message, 16_000), 4096), ['hello 0 -']);
  const many = new Hearing();
  const said: string[] = [];
  for (let i = 0; i < 1030; i += 1) {
    const one = new Scene(tuple(443, 'tcp'), many);
    said.push(...one.hears(clientHello(PLAN).subarray(0, 800)));
  }
  t.same(said.length, 6, 'the oldest is said as it is');
  t.match(many.stats(), { openings: 1024, evictedOpenings: 6, partial: 6 });
  t.end();
});

t.test('an encrypted hello is marked, and a name server inside of TLS', (t) => {
  const ech = new Scene();
  ech.hears(clientHello({ sni: 'front.example', empty: [0xfe0d] }));
  t.match(tlsOfFlow(ech.entry), { sni: 'front.example', ech: true });
  const doh = new Scene();
  doh.hears(clientHello({ sni: 'dns.google', alpn: ['h2'] }));
  t.match(tlsOfFlow(doh.entry), { nameService: 'doh' });
  const proxied = new Scene(tuple(3128, 'tcp'));
  proxied.hears(Buffer.from('CONNECT cloudflare-dns.com:443 HTTP/1.1\r\n\r\n'));
  proxied.hears(clientHello({ alpn: ['h2'] }), { offset: 50 });
  t.match(tlsOfFlow(proxied.entry), { nameService: 'doh' });
  const bare = new Scene(tuple(443, 'tcp', '9.9.9.9'));
  bare.hears(clientHello({ alpn: ['h2'] }));
  t.match(tlsOfFlow(bare.entry), { nameService: 'doh' });
  const plain = new Scene();
  plain.hears(clientHello({ sni: SNI }));
  t.same(Object.keys(tlsOfFlow(plain.entry)).sort(), ['alpn', 'ja4', 'sni']);
  t.end();
});

const DESTINATION = Buffer.from('8394c8f03e515708', 'hex');
const initial = (frames: Uint8Array, more: object = {}): Buffer =>
  initialPacket({ destination: DESTINATION, frames, ...more });

t.test('a QUIC hello is heard over datagrams, and again only when it is another', (t) => {
  const message = helloMessage({ ...PLAN, alpn: ['h3'], padding: 1500 });
  const [first, second] = [message.subarray(0, 1100), message.subarray(1100)];
  const scene = new Scene(tuple(443, 'udp'));
  t.same(scene.hears(initial(cryptoFrame(0, first))), []);
  const heard = [`named ${SNI} sni`, `hello 0 ${SNI} h3`];
  t.same(scene.hears(initial(cryptoFrame(1100, second), { number: 1 })), heard);
  t.match(tlsOfFlow(scene.entry), { quic: '1', ja4: /^q13d0303h3_/ });
  const retried = { destination: Buffer.from('0102030405', 'hex'), token: Buffer.alloc(9) };
  const again = [cryptoFrame(0, first), cryptoFrame(1100, second)];
  for (const [number, frames] of again.entries()) {
    t.same(scene.hears(initial(frames, { ...retried, number })), [], 'a retry');
  }
  const other = cryptoFrame(0, helloMessage({ sni: 'b.test' }));
  t.same(scene.hears(initial(other, { destination: Buffer.alloc(8) })), ['hello 0 b.test']);
  const joined = new Scene(tuple(443, 'udp'));
  const datagrams = [
    initial(cryptoFrame(0, first), { padTo: 1200 }),
    initial(cryptoFrame(1100, second), { number: 1, padTo: 1200 }),
  ];
  const datagramBytes = datagrams[0]?.length ?? 0;
  t.same(joined.hears(Buffer.concat(datagrams), { datagramBytes }), heard, 'sent as one (GSO)');
  t.end();
});

t.test('QUIC that is not to be read is said after a second', (t) => {
  const scene = new Scene(tuple(443, 'udp'));
  const frames = cryptoFrame(0, helloMessage(PLAN));
  t.same(scene.hears(initial(frames, { keysOf: Buffer.alloc(8, 9) })), []);
  t.same(scene.hearing.tick(2000n * MS).map(say), ['hello 0 -']);
  t.same(tlsOfFlow(scene.entry), { alpn: [], quic: '1' });
  t.same(scene.hearing.tick(9000n * MS), []);
  t.match(scene.hearing.stats(), { openings: 1 });
  t.same(scene.hearing.end(scene.entry), []);
  t.match(scene.hearing.stats(), { openings: 0, partial: 1 });
  t.same(new Scene(tuple(4433, 'udp')).hears(Buffer.alloc(1200, 0x41)), [], 'something else');
  t.end();
});

t.test('a name that was asked for is that of the next flow, where no other could be', (t) => {
  const asked = new Scene(tuple(53, 'udp'));
  asked.hears(dnsQuery('a.test'));
  const name = (to: Tuple, atMs = 2): string | null =>
    asked.hearing.nameFor({ ...new Scene(to).entry, openedNs: BigInt(atMs) * MS });
  t.equal(name(tuple(443, 'tcp')), 'a.test');
  t.equal(name(tuple(443, 'tcp', '127.0.0.1')), null, 'a proxy here');
  t.equal(name(tuple(53, 'udp')), null, 'the name server itself');
  t.equal(name(tuple(443, 'tcp'), 0), null, 'before it was asked');
  t.end();
});

const framed = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);

t.test('questions over TCP are heard, however they are cut', (t) => {
  const stream = Buffer.concat([framed(dnsQuery('a.test')), framed(dnsQuery('b.test', 28))]);
  const heard = ['dns 0 a.test A', 'dns 1 b.test AAAA'];
  t.same(new Scene(tuple(53, 'tcp')).hears(stream), heard, 'two in one segment');
  for (const size of [1, 2, 3, 20]) {
    const said = new Scene(tuple(53, 'tcp')).segments(stream, size);
    t.same(said.map((line) => line.replace(/\d/, '0')).sort(), [
      'dns 0 a.test A',
      'dns 0 b.test AAAA',
    ]);
  }
  const scene = new Scene(tuple(53, 'tcp'));
  t.same(scene.hears(stream.subarray(0, 30)), ['dns 0 a.test A']);
  t.same(scene.hearing.tick(5000n * MS), []);
  t.match(scene.hearing.stats(), { malformed: 1, partial: 1 });
  const answers = new Scene(tuple(53, 'tcp'));
  t.same(answers.hears(framed(Buffer.alloc(20))), []);
  t.equal(answers.hearing.stats().malformed, 1);
  const tls = new Scene(tuple(53, 'tcp'));
  t.same(tls.hears(clientHello({ sni: SNI })), [`named ${SNI} sni`, `hello 0 ${SNI}`]);
  const full = new Scene(tuple(53, 'tcp'));
  const many = Buffer.concat(Array.from({ length: 700 }, () => framed(dnsQuery('a.test'))));
  t.equal(full.segments(many, 4000).length, Math.floor(16_384 / framed(dnsQuery('a.test')).length));
  t.end();
});

t.test('questions by datagrams are heard, many at once too', (t) => {
  const scene = new Scene(tuple(53, 'udp'));
  const [one, two] = [dnsQuery('a.test'), dnsQuery('b.test')];
  t.same(scene.hears(one), ['dns 0 a.test A']);
  t.same(scene.hears(Buffer.concat([one, two]), { datagramBytes: one.length }), [
    'dns 0 a.test A',
    'dns 1 b.test A',
  ]);
  t.end();
});
