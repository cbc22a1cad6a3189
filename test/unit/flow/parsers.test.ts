import t from 'tap';
import { parseDnsQuestion } from '../../../src/flow/dns-question.js';
import { parseClientHello } from '../../../src/flow/tls-client-hello.js';
import { clientHello, dnsQuery } from './wire.js';

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

t.test('a ClientHello gives its server name and protocols', (t) => {
  const hello = parseClientHello(
    clientHello({ sni: 'api.example.com', alpn: ['\x8a\x8a', 'h2', 'http/1.1'], padding: 20 }),
  );
  t.equal(Buffer.from(hello?.sni ?? []).toString(), 'api.example.com');
  t.same(hello?.alpn, ['h2', 'http/1.1'], 'GREASE is left out');
  t.same(parseClientHello(clientHello({})), { sni: null, alpn: [] });
  t.equal(parseClientHello(clientHello({ sni: 'x'.repeat(256) }))?.sni, null);
  t.equal(parseClientHello(clientHello({ sni: '' }))?.sni, null);
  t.end();
});

t.test('a ClientHello cut anywhere never gives half a name', (t) => {
  const whole = clientHello({ sni: 'api.example.com', alpn: ['h2'] });
  const names = new Set<string | null>();
  for (let end = 0; end <= whole.length; end += 1) {
    const hello = parseClientHello(whole.subarray(0, end));
    if (hello !== null) names.add(hello.sni && Buffer.from(hello.sni).toString());
  }
  t.same([...names], [null, 'api.example.com']);
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
  let read = 0;
  for (let run = 0; run < 20_000; run += 1) {
    const bytes = run % 2 === 0 ? clientHello({ sni: 'a.test', alpn: ['h2'] }) : dnsQuery('a.b.c');
    for (let i = 1 + random(4); i > 0; i -= 1) bytes[random(bytes.length)] = random(256);
    const cut = bytes.subarray(0, random(bytes.length + 1));
    if (parseClientHello(cut) !== null) read += 1;
    const question = parseDnsQuestion(cut);
    if (question === null) continue;
    read += 1;
    if (!/^[a-z0-9_.\\-]*$/.test(question.name)) t.fail(question.name);
  }
  t.ok(read > 1000, `${read} of them were read`);
  t.end();
});
