import t from 'tap';
import type {
  FlowOpenEvent,
  FlowStateEvent,
  FlowUpdateEvent,
  ProcessKey,
  TlsDataEvent,
  TlsFreeEvent,
  TlsSendEvent,
  TransportProtocol,
  Tuple,
  WireHeadEvent,
} from '../../../src/event/index.js';
import { FlowTable, type FlowChange } from '../../../src/flow/index.js';
import { baseOf } from '../../helpers/events.js';
import { clientHello, dnsQuery } from './wire.js';

const CURL: ProcessKey = { tgid: 100, startNs: 5n };
const NODE: ProcessKey = { tgid: 200, startNs: 6n };
const MS = 1_000_000n;

const tuple = (dstIp: string, dstPort: number, protocol: TransportProtocol = 'tcp'): Tuple => ({
  family: dstIp.includes(':') ? 'ipv6' : 'ipv4',
  protocol,
  srcIp: '',
  srcPort: 0,
  dstIp,
  dstPort,
});
const SERVER = tuple('203.0.113.10', 443);
const from = (to: Tuple, srcPort = 40_000): Tuple => ({ ...to, srcIp: '192.0.2.1', srcPort });

interface When {
  readonly at: number;
  readonly cookie?: bigint;
  readonly key?: ProcessKey;
  readonly to?: Tuple;
}
/** `at` in milliseconds. */
const base = ({ at, cookie = 1n, key = CURL }: When) => ({
  ...baseOf(key, CURL, BigInt(at) * MS),
  cookie,
});
const open = (when: When, via: FlowOpenEvent['via'] = 'connect'): FlowOpenEvent => ({
  kind: 'flow_open',
  ...base(when),
  tuple: when.to ?? SERVER,
  via,
  netns: 4_026_531_840,
});
const state = (when: When, more: Partial<FlowStateEvent> = {}): FlowStateEvent => ({
  kind: 'flow_state',
  ...base(when),
  tuple: from(when.to ?? SERVER),
  state: 'established',
  failed: false,
  error: 0,
  bytesSent: 0n,
  bytesReceived: 0n,
  ...more,
});
const closed = (when: When, more: Partial<FlowStateEvent> = {}): FlowStateEvent =>
  state(when, { state: 'closed', ...more });
const head = (when: When, bytes: Uint8Array, more: Partial<WireHeadEvent> = {}): WireHeadEvent => ({
  kind: 'wire_head',
  ...base(when),
  tuple: from(when.to ?? SERVER),
  original: bytes.length,
  offset: 0,
  datagramBytes: 0,
  bytes,
  ...more,
});
const update = (when: When): FlowUpdateEvent => ({
  kind: 'flow_update',
  ...base(when),
  tuple: from(when.to ?? SERVER),
  datagrams: 10n,
  bytes: 1000n,
});
const DNS = tuple('192.0.2.53', 53, 'udp');
const ask = (at: number, name: string, type = 1, key = CURL): WireHeadEvent =>
  head({ at, cookie: 900n, to: DNS, key }, dnsQuery(name, type));
const data = (when: When, more: Partial<TlsDataEvent> = {}): TlsDataEvent => ({
  kind: 'tls_data',
  ...base(when),
  ssl: 0xabcn,
  call: 1n,
  direction: 'write',
  layer: 'stream',
  attachment: null,
  socketCookie: null,
  lastReceive: null,
  original: 1,
  kept: 1,
  offset: 0,
  bytes: Buffer.from('x'),
  ...more,
});
const send = (when: When, plainBytes: number, sentBytes: number): TlsSendEvent => ({
  kind: 'tls_send',
  ...base(when),
  cookie: when.cookie ?? 1n,
  ssl: 0xabcn,
  call: 1n,
  plainBytes,
  sentBytes,
});
const free = (when: When): TlsFreeEvent => ({ kind: 'tls_free', ...base(when), ssl: 0xabcn });

/** `change` and what it says, of every event in turn. */
function say(change: FlowChange): string {
  const { net, cookie } = change.flow;
  switch (change.change) {
    case 'settled':
      return `settled ${cookie} ${net.proto} ${net.srcPort}>${net.dstIp}:${net.dstPort} ${net.result ?? '?'} ${net.error ?? ''}`.trim();
    case 'named':
      return `named ${cookie} ${change.host} ${change.source}`;
    case 'hello':
      return `hello ${cookie} ${change.sni ?? '-'} ${change.alpn.join()}`;
    case 'dns':
      return `dns ${cookie} ${change.question} ${change.type}`;
    case 'closed':
      return `closed ${cookie}`;
  }
}
type Step = Parameters<FlowTable['on']>[0] | number;
/** Feeds events; a number is a tick at that millisecond. */
function run(steps: readonly Step[], table = new FlowTable()): string[] {
  return steps.flatMap((step) =>
    (typeof step === 'number' ? table.tick(BigInt(step) * MS) : table.on(step)).map(say),
  );
}
const ESTABLISHED = 'settled 1 tcp 40000>203.0.113.10:443 established';

t.test('a connection is settled once with the source port it got', (t) => {
  t.same(run([open({ at: 1 })]), [], 'not before its state is known');
  t.same(run([open({ at: 1 }), state({ at: 9 }), 6000, closed({ at: 7000 }), 20_000]), [
    ESTABLISHED,
    'closed 1',
  ]);
  t.end();
});

t.test('each way of connecting gives exactly one flow, in whatever order its events come', (t) => {
  // connect(), io_uring, int 0x80 and MSG_FASTOPEN give the same events; fast open may send before the answer.
  const hello = head({ at: 5 }, clientHello({}));
  const orders: Record<string, Step[]> = {
    'in order': [open({ at: 1 }), state({ at: 3 }), hello, closed({ at: 7 })],
    'fast open': [open({ at: 1 }), hello, state({ at: 6 }), closed({ at: 7 })],
    'state before open': [state({ at: 3 }), open({ at: 1 }), hello, closed({ at: 7 })],
    'payload first': [hello, open({ at: 1 }), state({ at: 3 }), closed({ at: 7 })],
    'close before all': [closed({ at: 7 }), open({ at: 1 }), state({ at: 3 }), hello],
    'open lost': [state({ at: 3 }), hello, closed({ at: 7 })],
    'only the close came': [closed({ at: 7 })],
  };
  for (const [name, steps] of Object.entries(orders)) {
    const said = run([...steps, 20_000, 40_000]).filter((line) => !line.startsWith('hello'));
    t.same(said, [ESTABLISHED, 'closed 1'], name);
  }
  t.same(
    run([open({ at: 1 }), head({ at: 5 }, clientHello({})), 6000, 90_000]),
    ['hello 1 - ', ESTABLISHED],
    'its states were lost, but it was seen to speak',
  );
  t.end();
});

t.test('a connection that failed says why', (t) => {
  const failures: [number, string][] = [
    [111, 'ECONNREFUSED'],
    [110, 'ETIMEDOUT'],
    [113, 'EHOSTUNREACH'],
    [101, 'ENETUNREACH'],
    [104, 'ECONNRESET'],
    [999, 'errno 999'],
  ];
  for (const [error, name] of failures) {
    const said = run([open({ at: 1 }), closed({ at: 2 }, { failed: true, error })]);
    t.same(said, [`settled 1 tcp 40000>203.0.113.10:443 failed ${name}`, 'closed 1']);
  }
  t.same(run([open({ at: 1 }), state({ at: 2 }), closed({ at: 3 }, { error: 104 })]), [
    ESTABLISHED,
    'closed 1',
  ]);
  t.end();
});

t.test('a connect nobody answers has failed after 5 s, and its late success is not lost', (t) => {
  const table = new FlowTable();
  const failed = 'settled 1 tcp 0>203.0.113.10:443 failed';
  t.same(run([open({ at: 1 }), 5000], table), []);
  t.same(run([5001], table), [failed, 'closed 1']);
  t.same(run([state({ at: 7000 })], table), [ESTABLISHED]);
  t.equal(table.stats().unanswered, 1);
  const other = new FlowTable();
  const late = closed({ at: 8000 }, { failed: true, error: 110 });
  t.same(run([open({ at: 1 }), 5001, late, 9000], other), [failed, 'closed 1']);
  t.equal(other.stats().late, 1);
  t.end();
});

t.test('a socket that connects again is a new flow', (t) => {
  const other = tuple('198.51.100.7', 443);
  const refused = closed({ at: 2 }, { failed: true, error: 111 });
  t.same(run([open({ at: 1 }), refused, open({ at: 3 }), state({ at: 4 })]), [
    'settled 1 tcp 40000>203.0.113.10:443 failed ECONNREFUSED',
    'closed 1',
    ESTABLISHED,
  ]);
  t.same(
    run([
      open({ at: 1 }),
      open({ at: 3, to: other }),
      state({ at: 4, to: other }),
      state({ at: 2 }),
    ]),
    [
      'settled 1 tcp 0>203.0.113.10:443 failed',
      'closed 1',
      'settled 1 tcp 40000>198.51.100.7:443 established',
    ],
    'the first had no route; what still comes of it changes nothing',
  );
  const late = closed({ at: 2 }, { failed: true, error: 101 });
  t.same(
    run([open({ at: 1 }), open({ at: 3 }), late, state({ at: 4 })]).slice(2),
    [ESTABLISHED],
    'the end of the first attempt is not taken for that of the second',
  );
  t.end();
});

t.test('ten thousand datagrams to one peer are one flow, closed after 30 s of silence', (t) => {
  const table = new FlowTable();
  const quic = tuple('203.0.113.10', 443, 'udp');
  const said = run([open({ at: 1, to: quic }, 'egress')], table);
  for (let i = 1; i < 10_000; i += 1) said.push(...run([update({ at: i, to: quic })], table));
  t.same(said, ['settled 1 udp 0>203.0.113.10:443 open']);
  t.same(run([39_998], table), []);
  t.same(run([39_999], table), ['closed 1']);
  t.equal(table.stats().flows, 0);
  t.same(run([update({ at: 50_000, to: quic })], table).length, 1, 'what comes after is a new one');
  t.end();
});

t.test('a UDP socket has a flow for each remote; a connect that sends nothing has none', (t) => {
  const table = new FlowTable();
  const to = (last: number): Tuple => tuple(`198.51.100.${last}`, 443, 'udp');
  t.same(run([open({ at: 1, to: to(1) }), 40_000], table), []);
  t.same(
    run(
      [open({ at: 41_000, to: to(1) }, 'sendmsg'), open({ at: 41_001, to: to(2) }, 'sendmsg')],
      table,
    ),
    ['settled 1 udp 0>198.51.100.1:443 open', 'settled 1 udp 0>198.51.100.2:443 open'],
  );
  t.same(table.exit(CURL).map(say), ['closed 1', 'closed 1'], 'its process ended');
  t.same(table.exit(CURL).map(say), []);
  t.equal(table.stats().flows, 0);
  t.end();
});

t.test('a flow is named by the strongest evidence, whatever comes last', (t) => {
  const table = new FlowTable();
  const hello = head({ at: 5 }, clientHello({ sni: 'API.Example.com', alpn: ['h2'] }));
  const settled = table.on(open({ at: 2 }));
  t.same(settled, []);
  const [change] = table.on(state({ at: 3 }));
  t.match(change?.flow.net, { host: '203.0.113.10', hostSource: 'address' });
  t.equal(change?.flow.netns, 4_026_531_840);
  t.same(run([hello], table), ['named 1 api.example.com sni', 'hello 1 api.example.com h2']);
  const flow = change?.flow;
  if (flow === undefined) throw new Error('no flow was settled');
  t.same(table.name(flow, 'other.example', 'dns', flow.origin), [], 'weaker');
  t.same(table.name(flow, 'x'.repeat(300), 'http_host', flow.origin), [], 'no host');
  t.same(table.name(flow, 'real.example', 'http_host', flow.origin).map(say), [
    'named 1 real.example http_host',
  ]);
  t.match(flow, { sni: 'api.example.com', alpn: ['h2'], net: { host: 'real.example' } });
  run([closed({ at: 9 }), 30_000], table);
  t.same(table.name(flow, 'gone.example', 'http_host', flow.origin), [], 'forgotten');
  t.end();
});

t.test('behind a front, the Host of a request shows that a name server is asked', (t) => {
  const service = (host: string, hello: boolean): unknown => {
    const table = new FlowTable();
    const steps = [open({ at: 1 }), state({ at: 2 })];
    const bytes = clientHello({ sni: 'front.example' });
    const all = hello ? [...steps, head({ at: 3 }, bytes)] : steps;
    const [flow] = all.flatMap((event) => table.on(event)).map((change) => change.flow);
    if (flow === undefined) throw new Error('no flow was settled');
    table.name(flow, host, 'http_host', flow.origin);
    return flow.nameService;
  };
  t.equal(service('dns.google', true), 'doh');
  t.equal(service('real.example', true), undefined);
  t.equal(service('dns.google', false), undefined, 'in the clear it is another thing');
  t.end();
});

t.test('plain HTTP and CONNECT name what they ask for', (t) => {
  const spoken = (text: string): { said: string[]; target: unknown } => {
    const table = new FlowTable();
    const changes = [open({ at: 1 }), state({ at: 2 }), head({ at: 3 }, Buffer.from(text))].flatMap(
      (event) => table.on(event),
    );
    return { said: changes.map(say).slice(1), target: changes[0]?.flow.connectTarget };
  };
  t.same(spoken('CONNECT api.example.com:8443 HTTP/1.1\r\nHost: x.test\r\n\r\n'), {
    said: ['named 1 api.example.com connect_target'],
    target: { host: 'api.example.com', port: 8443 },
  });
  t.same(spoken('GET / HTTP/1.1\r\nHost: a.test:80\r\n\r\n').said, ['named 1 a.test http_host']);
  t.same(spoken('GET http://[2001:db8::1]/ HTTP/1.1\r\n\r\n').said, [
    'named 1 2001:db8::1 http_host',
  ]);
  t.same(spoken('SSH-2.0-OpenSSH\r\n').said, []);
  t.end();
});

t.test('a server name that is an address, hostile or absent names nothing', (t) => {
  const table = new FlowTable();
  const said = (sni: string | undefined, cookie: bigint): string[] => {
    const bytes = clientHello(sni === undefined ? {} : { sni });
    return run([state({ at: 1, cookie }), head({ at: 2, cookie }, bytes)], table).slice(1);
  };
  t.same(said('10.0.0.1', 1n), ['hello 1 10.0.0.1 ']);
  t.same(said('a\x1b[31m.test', 2n), ['hello 2 a\\027\\09131m.test ']);
  t.same(said(undefined, 3n), ['hello 3 - ']);
  t.same(run([head({ at: 3, cookie: 3n }, Buffer.from([22, 3, 1, 0, 9, 2, 0]))], table), []);
  t.equal(table.stats().malformed, 0, "a server's hello is none");
  const cut = clientHello({}).subarray(0, 20);
  cut.writeUInt16BE(15, 3);
  cut.writeUInt8(11, 8);
  t.same(run([head({ at: 3, cookie: 4n }, cut)], table), []);
  t.equal(table.stats().malformed, 1);
  t.end();
});

t.test('a name asked of DNS names the next flow, unless another could have led there', (t) => {
  const named = (steps: readonly Step[], to: Tuple = SERVER, at = 100): string[] =>
    run([...steps, open({ at, to }), state({ at: at + 1, to })]).filter((l) =>
      l.startsWith('named'),
    );
  const api = 'named 1 api.example.com dns';
  t.same(named([ask(50, 'api.example.com'), ask(51, 'api.example.com', 28)]), [api]);
  const v6 = tuple('2001:db8::10', 443);
  t.same(named([ask(50, 'four.test'), ask(51, 'api.example.com', 28)], v6), [api]);
  t.same(named([ask(50, 'a.test'), ask(60, 'api.example.com')]), [], 'two names');
  t.same(named([ask(50, 'api.example.com', 16)]), [], 'no address was asked for');
  t.same(named([ask(150, 'api.example.com')]), [], 'asked after');
  t.same(named([ask(50, 'api.example.com')], SERVER, 10_051), [], 'asked long ago');
  t.same(named([ask(50, 'api.example.com', 1, NODE)]), [], 'asked by another process');
  t.same(named([ask(50, 'api.example.com')], tuple('127.0.0.1', 8899)), [], 'a local proxy');
  t.same(
    named([ask(50, 'api.corp.lan'), ask(51, 'api')]),
    ['named 1 api dns'],
    'one short name, tried with its search domain first',
  );
  t.same(run([ask(50, 'Api.Example.com', 65)]), [
    'settled 900 udp 40000>192.0.2.53:53 open',
    'dns 900 api.example.com HTTPS',
  ]);
  const overTcp = Buffer.concat([Buffer.from([0, 33]), dnsQuery('api.example.com')]);
  const resolver = tuple('192.0.2.53', 53);
  t.same(run([head({ at: 2, to: resolver }, overTcp)]), ['dns 1 api.example.com A']);
  t.end();
});

t.test('a TLS session is tied to the socket its calls use', (t) => {
  const tied = (steps: readonly Step[], table = new FlowTable()): bigint | null => {
    run(
      [
        open({ at: 1 }),
        state({ at: 2 }),
        open({ at: 1, cookie: 2n }),
        state({ at: 2, cookie: 2n }),
      ],
      table,
    );
    run(steps, table);
    return table.flowOfSsl(CURL, 0xabcn)?.cookie ?? null;
  };
  t.equal(tied([data({ at: 3 })]), null, 'a write to memory shows nothing');
  t.equal(tied([data({ at: 3 }, { socketCookie: 1n })]), 1n, 'the socket the call itself used');
  t.equal(tied([send({ at: 3, cookie: 2n }, 100, 122)]), 2n, "the same thread's next send");
  t.equal(tied([data({ at: 3 }, { direction: 'read', lastReceive: 2n })]), 2n, 'its last receive');
  const guess = data({ at: 3 }, { direction: 'read', lastReceive: 2n });
  const table = new FlowTable();
  t.equal(tied([guess, send({ at: 4, cookie: 1n }, 17_000, 17_044)], table), 1n);
  t.match(
    table.stats(),
    { corrections: 1, contradictions: 0, ties: 1 },
    'a length outweighs order',
  );
  const kept = new FlowTable();
  const sure = data({ at: 3 }, { socketCookie: 1n });
  t.equal(tied([sure, send({ at: 4, cookie: 2n }, 5, 27), guess], kept), 1n);
  t.match(kept.stats(), { corrections: 0, contradictions: 2 }, 'counted, not followed');
  t.equal(tied([send({ at: 3, cookie: 2n }, 100, 8), guess]), 2n);
  t.equal(tied([sure, free({ at: 4 })]), null, 'the session was freed');
  t.equal(tied([sure, closed({ at: 4 }), send({ at: 5, cookie: 2n }, 5, 27)]), 2n, 'a new socket');
  t.equal(tied([sure, closed({ at: 4 })]), 1n, 'plaintext may come after the close');
  t.equal(tied([sure, closed({ at: 4 }), 15_000]), null, 'but not for ever');
  const over = new FlowTable();
  tied([sure], over);
  over.exit(CURL);
  t.equal(over.flowOfSsl(CURL, 0xabcn), null, 'its process ended');
  t.end();
});

t.test('the tables are bounded, and a flow that has to go is still told', (t) => {
  const table = new FlowTable();
  const said: string[] = [];
  for (let i = 0; i < 65_537; i += 1) {
    said.push(...run([open({ at: 1, cookie: BigInt(i) })], table));
    run([data({ at: 1 }, { ssl: BigInt(i), socketCookie: BigInt(i) })], table);
  }
  t.same(said, ['settled 0 tcp 0>203.0.113.10:443 ?', 'closed 0']);
  t.match(table.stats(), { flows: 65_536, evictedFlows: 1, ties: 65_536, evictedTies: 1 });
  t.equal(table.flowOfSsl(CURL, 0n), null);
  t.end();
});
