import t from 'tap';
import { parseAuthority, parseHttpHead } from '../../../src/http/index.js';

const peek = (text: string): unknown => parseHttpHead(Buffer.from(text, 'latin1'));

t.test('the first bytes of a connection name what it asks for', (t) => {
  t.match(peek('CONNECT api.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n'), {
    method: 'CONNECT',
    host: 'api.example.com',
    port: 443,
    form: 'connect',
  });
  t.match(peek('GET http://a.test:8080/p HTTP/1.1\r\nHost: b.test\r\n\r\n'), {
    host: 'a.test',
    port: 8080,
    form: 'absolute',
  });
  t.match(peek('POST /v1 HTTP/1.1\r\nX: 1\r\nhost:  Api.Test:81 \r\n\r\n'), {
    host: 'api.test',
    port: 81,
    form: 'origin',
    target: '/v1',
  });
  t.end();
});

t.test('a head may be cut anywhere: half a line is never read', (t) => {
  const whole = 'GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n';
  const hosts = new Set<unknown>();
  for (let end = 0; end <= whole.length; end += 1) {
    const head = parseHttpHead(Buffer.from(whole.slice(0, end)));
    if (head !== null) hosts.add(head.host);
  }
  t.same([...hosts], [null, 'api.example.com']);
  t.end();
});

t.test('what is no request is null', (t) => {
  for (const text of [
    '',
    'HTTP/1.1 200 OK\r\n\r\n',
    '\x16\x03\x01',
    'SSH-2.0-x\r\n',
    'GET /\r\n',
  ]) {
    t.equal(peek(text), null, JSON.stringify(text));
  }
  t.match(peek('GET / HTTP/1.1\r\n\r\nHost: body.test\r\n'), { host: null });
  t.end();
});

t.test('a host is a name or an address and nothing else', (t) => {
  t.same(parseAuthority('API.Example.com.:443'), { host: 'api.example.com', port: 443 });
  t.same(parseAuthority('127.0.0.1'), { host: '127.0.0.1', port: null });
  t.same(parseAuthority('[::1]:8080'), { host: '::1', port: 8080 });
  t.same(parseAuthority('user:pw@h.test'), { host: 'h.test', port: null });
  t.same(parseAuthority('a_b.test:'), { host: 'a_b.test', port: null });
  const none = [
    '',
    ' ',
    'a b',
    'a\x1b',
    '::1',
    '[a]',
    'a:99999',
    'a..b',
    '-a',
    '.',
    'ä.test',
    'a/b',
  ];
  for (const text of [...none, 'x'.repeat(300), `${'y.'.repeat(100_000)}z`]) {
    t.equal(parseAuthority(text), null, JSON.stringify(text.slice(0, 20)));
  }
  t.end();
});
