import t from 'tap';
import { parseDnsQuestion } from '../../../src/flow/dns-question.js';
import { parseClientHello } from '../../../src/flow/tls-client-hello.js';
import { looksLikeHello, readHandshake } from '../../../src/flow/tls-records.js';
import { dnsQuery, helloMessage, inRecords, type HelloPlan } from './wire.js';

t.test('a DNS question gives its name in lower case and its type', (t) => {
  const ask = (name: string, type?: number): unknown => parseDnsQuestion(dnsQuery(name, type));
  t.same(ask('API.Example.com'), { name: 'api.example.com', type: 'A' });
  t.same(ask('api.example.com', 28), { name: 'api.example.com', type: 'AAAA' });
  t.same(ask('api.example.com', 65), { name: 'api.example.com', type: 'HTTPS' });
  t.same(ask('a_b-c.test', 16), { name: 'a_b-c.test', type: 'TXT' });
  t.same(ask('', 1234), { name: '.', type: 'TYPE1234' });
  t.end();
});

t.test('hostile bytes in a DNS name stay visible and are no letters', (t) => {
  const name = [Buffer.from('a.b\x1b[2J\0\xc3'), Buffer.from('test')];
  const question = parseDnsQuestion(dnsQuery(name));
  t.equal(question?.name, 'a\\046b\\027\\0912j\\000\\195\\131.test');
  const longest = Array.from({ length: 4 }, () => Buffer.alloc(62, 0));
  t.equal(parseDnsQuestion(dnsQuery(longest))?.name.length, 4 * 62 * 4 + 3);
  t.equal(parseDnsQuestion(dnsQuery([...longest, Buffer.from('xy')])), null, 'over 255 bytes');
  t.end();
});

t.test('what is no DNS question is null, wherever it is cut', (t) => {
  const whole = dnsQuery('api.example.com');
  for (let end = 0; end < whole.length - 2; end += 1) {
    t.equal(parseDnsQuestion(whole.subarray(0, end)), null, `cut at ${end}`);
  }
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(whole);
    copy[at] = value;
    return copy;
  };
  t.equal(parseDnsQuestion(changed(2, 0x81)), null, 'an answer');
  t.equal(parseDnsQuestion(changed(2, 0x29)), null, 'an update');
  t.equal(parseDnsQuestion(changed(5, 0)), null, 'no question');
  t.equal(parseDnsQuestion(changed(12, 0xc0)), null, 'a compression pointer');
  t.equal(parseDnsQuestion(changed(12, 64)), null, 'a label over 63 bytes');
  t.end();
});

const parsed = (plan: HelloPlan, cut?: number): ReturnType<typeof parseClientHello> =>
  parseClientHello(helloMessage(plan).subarray(0, cut));

t.test('a ClientHello gives its server name and protocols', (t) => {
  const hello = parsed({
    sni: 'api.example.com',
    alpn: ['\x8a\x8a', 'h2', 'http/1.1'],
    padding: 20,
    signatures: [0x0403, 0x0804],
    versions: [0x0a0a, 0x0304],
  });
  t.equal(Buffer.from(hello?.sni ?? []).toString(), 'api.example.com');
  t.same(hello?.alpn, ['h2', 'http/1.1'], 'GREASE is left out');
  t.equal(hello?.ech, false);
  t.match(hello?.shape, {
    version: 0x0303,
    versions: [0x0a0a, 0x0304],
    suites: [0x1301, 0x1302, 0x1303],
    extensions: [0x0a0a, 0, 16, 43, 13],
    signatures: [0x0403, 0x0804],
    firstProtocol: Buffer.from([0x8a, 0x8a]),
  });
  t.match(parsed({}), { sni: null, alpn: [], shape: { versions: null, firstProtocol: null } });
  t.equal(parsed({ sni: 'x'.repeat(256) })?.sni, null);
  t.equal(parsed({ sni: '' })?.sni, null);
  t.equal(parsed({ empty: [0xfe0d] })?.ech, true, 'an encrypted one, or grease');
  t.same(parsed({ alpn: Array.from({ length: 40 }, () => 'h2') })?.alpn.length, 16);
  t.end();
});

t.test('a ClientHello cut anywhere never gives half a name', (t) => {
  const plan = { sni: 'api.example.com', alpn: ['h2'] };
  const names = new Set<string | null>();
  for (let end = 0; end <= helloMessage(plan).length; end += 1) {
    const hello = parsed(plan, end);
    if (hello !== null) names.add(hello.sni && Buffer.from(hello.sni).toString());
  }
  t.same([...names], [null, 'api.example.com']);
  t.end();
});

t.test('a handshake message is put together from its records, of whatever size', (t) => {
  const message = helloMessage({ sni: 'api.example.com' });
  for (const size of [1, 2, 3, 4, 5, 40, message.length - 1, message.length]) {
    const stream = inRecords(message, size);
    t.same(readHandshake(stream), { state: 'complete', message }, `records of ${size}`);
    t.same(readHandshake(Buffer.concat([stream, Buffer.from('23')]))?.state, 'complete');
    for (const cut of [0, 1, 4, 5, 6, 9, stream.length - 1]) {
      const read = readHandshake(stream.subarray(0, cut));
      t.equal(read?.state, 'partial', `cut at ${cut}`);
      t.same(read?.message, message.subarray(0, read?.message.length));
    }
  }
  const stream = inRecords(message, 20);
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(stream);
    copy[at] = value;
    return copy;
  };
  t.equal(readHandshake(changed(25, 23)), null, 'another kind of record inside');
  t.equal(readHandshake(changed(26, 2)), null, 'another protocol inside');
  t.equal(readHandshake(Buffer.from([22, 3, 1, 0, 0, 22, 3, 1, 0, 1])), null, 'an empty record');
  t.ok(looksLikeHello(stream) && looksLikeHello(stream.subarray(0, 1)));
  t.notOk(looksLikeHello(changed(5, 2)), "a server's");
  t.notOk(looksLikeHello(Buffer.from('GET / HTTP/1.1')));
  t.notOk(looksLikeHello(new Uint8Array()));
  t.end();
});

t.test('any bytes are read without a throw', (t) => {
  // xorshift32: the same bytes on every run.
  let seed = 0x1234567;
  const random = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const message = helloMessage({ sni: 'a.test', alpn: ['h2'], signatures: [0x0403] });
  let read = 0;
  for (let run = 0; run < 20_000; run += 1) {
    const bytes = run % 2 === 0 ? inRecords(message, 1 + random(80)) : dnsQuery('a.b.c');
    for (let i = 1 + random(4); i > 0; i -= 1) bytes[random(bytes.length)] = random(256);
    const cut = bytes.subarray(0, random(bytes.length + 1));
    const handshake = readHandshake(cut);
    if (handshake !== null && parseClientHello(handshake.message) !== null) read += 1;
    const question = parseDnsQuestion(cut);
    if (question === null) continue;
    read += 1;
    if (!/^[a-z0-9_.\\-]*$/.test(question.name)) t.fail(question.name);
  }
  t.ok(read > 1000, `${read} of them were read`);
  t.end();
});
