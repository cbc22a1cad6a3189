import type { Direction } from '../../../src/http/index.js';

export type Transcript = readonly (readonly [Direction, string])[];

export const get = (path: string, host = 'api.example.com', extra = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${extra}\r\n`;
export const ok = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n' +
  '5;name="a;b"\r\nGET /\r\n1A \r\n HTTP/1.1\r\nHost: evil.test\r\n0\r\nX-Trailer: 1\r\nY: 2\r\n\r\n';

/** What went over a connection, and what a reader must say of it. */
export const TRANSCRIPTS: Readonly<Record<string, { wire: Transcript; says: readonly string[] }>> =
  {
    'two exchanges on one connection': {
      wire: [
        ['write', get('/a?q=1')],
        ['read', ok('hello')],
        ['write', 'POST /b HTTP/1.1\r\nhost:API.example.COM:8443\r\ncontent-length: 16\r\n\r\n'],
        ['write', 'GET / HTTP/1.1\r\n'],
        ['read', 'HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n'],
        ['write', get('/c')],
        ['read', ok('')],
      ],
      says: [
        'request 1 GET /a?q=1 api.example.com 1.1',
        'response 1 200',
        'request 2 POST /b api.example.com 1.1',
        'response 2 404',
        'request 3 GET /c api.example.com 1.1',
        'response 3 200',
      ],
    },
    'pipelined requests and a body in chunks that looks like a request': {
      wire: [
        ['write', get('/1') + get('/2') + get('/3')],
        ['read', ok('x') + chunked + 'HTTP/1.1 204 No Content\r\n\r\n'],
      ],
      says: [
        'request 1 GET /1 api.example.com 1.1',
        'request 2 GET /2 api.example.com 1.1',
        'request 3 GET /3 api.example.com 1.1',
        'response 1 200',
        'response 2 200',
        'response 3 204',
      ],
    },
    'answers without a body': {
      wire: [
        ['write', 'HEAD /h HTTP/1.1\r\nHost: a.test\r\n\r\n'],
        ['read', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'],
        ['write', get('/n', 'a.test')],
        ['read', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n'],
        [
          'write',
          'PUT /p HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n',
        ],
        ['read', 'HTTP/1.1 100 Continue\r\n\r\n'],
        ['write', 'abc'],
        ['read', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' + ok('done')],
      ],
      says: [
        'request 1 HEAD /h a.test 1.1',
        'response 1 200',
        'request 2 GET /n a.test 1.1',
        'response 2 304',
        'request 3 PUT /p a.test 1.1',
        'response 3 200',
      ],
    },
    'folded headers, bare line feeds, empty lines before a request': {
      wire: [
        [
          'write',
          '\r\n\nGET /fold HTTP/1.1\nX-A: 1\r\n  more\r\n\tstill\r\nHost:\r\n  fold.test\n\n',
        ],
        ['read', 'HTTP/1.1 200\nContent-Length:\n 2\n\nab'],
      ],
      says: ['request 1 GET /fold fold.test 1.1', 'response 1 200'],
    },
    'a request to a proxy names its host in the target': {
      wire: [
        ['write', 'GET http://user:pw@Real.Example.org:81/x HTTP/1.1\r\nHost: other.test\r\n\r\n'],
        ['read', 'HTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno'],
        [
          'write',
          'CONNECT [2001:DB8::1]:443 HTTP/1.1\r\nHost: ignored.test\r\nContent-Length: 9\r\n\r\n',
        ],
        ['read', 'HTTP/1.1 200 Connection established\r\nContent-Length: 4\r\n\r\n'],
        ['write', '\x16\x03\x01 anything GET / HTTP/1.1\r\n\r\n'],
        ['read', '\x16\x03\x03 HTTP/1.1 500 X\r\n\r\n'],
      ],
      says: [
        'request 1 GET http://user:pw@Real.Example.org:81/x real.example.org 1.1',
        'response 1 407',
        'request 2 CONNECT [2001:DB8::1]:443 2001:db8::1 1.1',
        'response 2 200',
      ],
    },
    'a tunnel spoken into before the proxy answered': {
      wire: [
        [
          'write',
          'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n\x16\x03\x01\x00\x05hello\n\n',
        ],
        ['read', 'HTTP/1.1 200 OK\r\n\r\n\x16\x03'],
      ],
      says: ['request 1 CONNECT a.test:443 a.test 1.1', 'response 1 200'],
    },
    'a WebSocket after its upgrade': {
      wire: [
        ['write', get('/ws', 'ws.test', 'Upgrade: websocket\r\nConnection: Upgrade\r\n')],
        ['read', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello'],
        ['write', '\x81\x85GET / HTTP/1.1\r\n\r\n'],
      ],
      says: ['request 1 GET /ws ws.test 1.1', 'response 1 101'],
    },
    'a response to the end of the connection': {
      wire: [
        ['write', 'GET /old HTTP/1.0\r\n\r\n'],
        ['read', 'HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 500 not a status\r\n\r\n'],
      ],
      says: ['request 1 GET /old  1.0', 'response 1 200'],
    },
    'the watched process as the server': {
      wire: [
        ['read', 'POST /mcp HTTP/1.1\r\nHost: localhost:3000\r\nContent-Length: 2\r\n\r\n{}'],
        ['write', ok('{}')],
      ],
      says: ['request 1 POST /mcp localhost 1.1', 'response 1 200'],
    },
    'another protocol': {
      wire: [
        ['read', '220 mail.test ESMTP\r\n'],
        ['write', 'EHLO me\r\nMAIL FROM:<a@b>\r\n'],
      ],
      says: ['not_http'],
    },
    'a length that two readers understand in two ways': {
      wire: [
        [
          'write',
          'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n',
        ],
        ['write', get('/smuggled')],
      ],
      says: ['invalid write conflicting_length'],
    },
    'two lengths': {
      wire: [['write', 'POST / HTTP/1.1\r\nContent-Length: 4, 4\r\nContent-Length: 5\r\n\r\n']],
      says: ['invalid write conflicting_length'],
    },
    'two hosts': {
      wire: [['write', 'GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n']],
      says: ['invalid write conflicting_host'],
    },
    'a length that is no number': {
      wire: [['write', 'POST / HTTP/1.1\r\nContent-Length: +4\r\n\r\n']],
      says: ['invalid write bad_length'],
    },
    'a request whose body has a coding nobody can frame': {
      wire: [['write', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n']],
      says: ['invalid write bad_encoding'],
    },
    'chunks within chunks': {
      wire: [['write', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n']],
      says: ['invalid write bad_encoding'],
    },
    'chunked in HTTP/1.0': {
      wire: [['write', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n']],
      says: ['invalid write bad_encoding'],
    },
    'a chunk size that is no number': {
      wire: [
        [
          'write',
          'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n',
        ],
      ],
      says: ['request 1 POST / a 1.1', 'invalid write bad_chunk'],
    },
    'a chunk longer than it said': {
      wire: [
        [
          'write',
          'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n',
        ],
      ],
      says: ['request 1 POST / a 1.1', 'invalid write bad_chunk'],
    },
    'a bare carriage return in a header': {
      wire: [['write', 'GET / HTTP/1.1\r\nX: a\rHost: evil.test\r\n\r\n']],
      says: ['invalid write bare_cr'],
    },
    'a header that is none': {
      wire: [['write', 'GET / HTTP/1.1\r\nHost : a.test\r\n\r\n']],
      says: ['invalid write bad_header'],
    },
    'hosts that are none': {
      wire: [
        [
          'write',
          'GET /1 HTTP/1.1\r\nHost: a b\x1b[31m\r\n\r\n' + 'GET /2 HTTP/1.1\r\nHost: \r\n\r\n',
        ],
      ],
      says: ['request 1 GET /1  1.1', 'request 2 GET /2  1.1'],
    },
    'an end inside a head': {
      wire: [['write', 'GET / HTTP/1.1\r\nHost: a.te']],
      says: ['invalid write ended'],
    },
    'a line without an end': {
      wire: [['write', `GET /${'x'.repeat(17_000)} HTTP/1.1\r\n\r\n`]],
      says: ['invalid write line_too_long'],
    },
    'a head without an end': {
      wire: [['write', `GET / HTTP/1.1\r\n${`X: ${'x'.repeat(9_000)}\r\n`.repeat(8)}\r\n`]],
      says: ['invalid write head_too_long'],
    },
  };
