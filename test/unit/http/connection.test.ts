import t from 'tap';
import { HttpConnection, type HttpEvent } from '../../../src/http/index.js';
import { get, ok, TRANSCRIPTS, type Transcript } from './transcripts.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

function readWhole(transcript: Transcript): HttpEvent[] {
  const connection = new HttpConnection();
  const events = transcript.flatMap(([direction, text]) => connection.feed(direction, bytes(text)));
  return [...events, ...connection.end()];
}

/** Fed in parts of `size` bytes, the first of each piece `first` bytes long. */
function readCut(transcript: Transcript, first: number, size: number): HttpEvent[] {
  const connection = new HttpConnection();
  const events: HttpEvent[] = [];
  for (const [direction, text] of transcript) {
    for (let at = 0, end = first; at < text.length; at = end, end = at + size) {
      events.push(...connection.feed(direction, bytes(text.slice(at, end))));
    }
  }
  return [...events, ...connection.end()];
}

/** Fed as written, but `count` bytes of piece `index` from `at` on are missing. */
function readHoled(transcript: Transcript, index: number, at: number, count: number): HttpEvent[] {
  const connection = new HttpConnection();
  const events = transcript.flatMap(([direction, text], piece) => {
    if (piece !== index) return connection.feed(direction, bytes(text));
    const missing = Math.min(count, text.length - at);
    return [
      ...connection.feed(direction, bytes(text.slice(0, at))),
      ...connection.skip(direction, missing),
      ...connection.feed(direction, bytes(text.slice(at + missing))),
    ];
  });
  return [...events, ...connection.end()];
}

function say(event: HttpEvent): string {
  switch (event.event) {
    case 'request':
      return `request ${event.id} ${event.method} ${event.target} ${event.host} ${event.version}`;
    case 'response':
      return `response ${event.id} ${event.status}`;
    case 'not_http':
      return 'not_http';
    case 'invalid':
      return `invalid ${event.direction} ${event.reason}`;
  }
}

t.test('reads each transcript as it was written', (t) => {
  for (const [name, { wire, says }] of Object.entries(TRANSCRIPTS)) {
    t.same(readWhole(wire).map(say), says, name);
  }
  t.end();
});

t.test('reads the same byte by byte, and cut at each position', (t) => {
  for (const [name, { wire, says }] of Object.entries(TRANSCRIPTS)) {
    const longest = Math.max(...wire.map(([, text]) => text.length));
    const step = longest > 2000 ? 997 : 1;
    const wrong: string[] = [];
    for (let at = 1; at <= longest; at += step) {
      for (const size of [1, 7, longest]) {
        const said = readCut(wire, at, size).map(say);
        if (said.join('\n') !== says.join('\n')) wrong.push(`${at}+${size}: ${said.join(', ')}`);
      }
    }
    t.same(wrong, [], name);
  }
  t.end();
});

/** What an exchange must say if it says anything: the request by its target, the status by its request. */
function findLies(events: readonly HttpEvent[], truth: readonly string[]): string[] {
  const withoutId = (line: string): string => line.replace(/^(request|response) \d+/, '$1');
  const targetOf = new Map<string, string>();
  const exchanges = (lines: readonly string[]): string[] =>
    lines.flatMap((line) => {
      const [kind = '', id = '', ...rest] = line.split(' ');
      if (kind === 'request') {
        targetOf.set(id, rest[1] ?? '');
        return [withoutId(line)];
      }
      return kind === 'response' ? [`response to ${targetOf.get(id) ?? '?'}: ${rest.join()}`] : [];
    });
  const allowed = new Set(exchanges(truth));
  targetOf.clear();
  return exchanges(events.map(say)).filter((line) => !allowed.has(line));
}

t.test('says nothing wrong with a hole at each position', (t) => {
  for (const [name, { wire, says }] of Object.entries(TRANSCRIPTS)) {
    // Where the message that makes the rest ambiguous is itself lost, a next call that begins with a request is one.
    if (says.some((line) => line.startsWith('invalid'))) continue;
    const lies: string[] = [];
    wire.forEach(([, text], index) => {
      const step = text.length > 2000 ? 997 : 1;
      for (let at = 0; at < text.length; at += step) {
        for (const count of [1, 3, 40, text.length]) {
          const events = readHoled(wire, index, at, count);
          lies.push(...findLies(events, says).map((lie) => `${index}@${at}+${count}: ${lie}`));
        }
      }
    });
    t.same(lies, [], name);
  }
  t.end();
});

t.test('a hole inside a body of known length changes nothing', (t) => {
  const connection = new HttpConnection();
  const events = [
    ...connection.feed(
      'write',
      bytes('PUT /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nab'),
    ),
    ...connection.skip('write', 98),
    ...connection.feed(
      'read',
      bytes('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n'),
    ),
    ...connection.skip('read', 32),
    ...connection.feed('read', bytes('\r\n0\r\n\r\n')),
    ...connection.feed('write', bytes(get('/b', 'a.test'))),
    ...connection.feed('read', bytes(ok(''))),
  ];
  t.same(events.map(say), [
    'request 1 PUT /a a.test 1.1',
    'response 1 200',
    'request 2 GET /b a.test 1.1',
    'response 2 200',
  ]);
  t.match(connection.stats(), { requests: 2, responses: 2, skippedBytes: 130, invalid: 0 });
  t.end();
});

t.test('after a lost head it goes on at the next call that begins with a start line', (t) => {
  const connection = new HttpConnection();
  const events = [
    ...connection.feed('write', bytes('GET /lost HTTP/1.1\r\nHo')),
    ...connection.skip('write', 10),
    ...connection.feed('write', bytes('\r\n\r\nbody')),
    ...connection.feed('read', bytes(ok('x'))),
    ...connection.feed('write', bytes(get('/found'))),
    ...connection.feed('read', bytes(ok('y'))),
  ];
  t.same(events.map(say), [
    'invalid write hole',
    'request 1 GET /found api.example.com 1.1',
    'response 1 200',
  ]);
  t.equal(connection.stats().unpaired, 1, 'the answer to the lost request is not given to another');
  t.end();
});

t.test('a client that pipelines is not paired again after a loss', (t) => {
  const connection = new HttpConnection();
  connection.feed('write', bytes(get('/1') + get('/2')));
  connection.feed('write', bytes('GET /3 HT'));
  connection.skip('write', 60);
  const events = [
    ...connection.feed('read', bytes(ok('1'))),
    ...connection.feed('write', bytes(get('/4'))),
    ...connection.feed('read', bytes(ok('2') + ok('3') + ok('4'))),
  ];
  t.same(events.map(say), ['request 3 GET /4 api.example.com 1.1']);
  t.end();
});

t.test('a hole that swallows a whole request gives its answer to no other', (t) => {
  const connection = new HttpConnection();
  const first = 'PUT /1 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n';
  const events = [
    ...connection.feed('write', bytes(first)),
    ...connection.skip('write', 10 + get('/2').length),
    ...connection.feed('write', bytes(get('/3'))),
    ...connection.feed('read', bytes(ok('1') + ok('2') + ok('3'))),
  ];
  t.same(events.map(say), [
    'request 1 PUT /1 a.test 1.1',
    'invalid write hole',
    'request 2 GET /3 api.example.com 1.1',
  ]);
  t.end();
});

t.test('an ambiguous message ends the reading of its direction', (t) => {
  const connection = new HttpConnection();
  const bad = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\n';
  connection.feed('write', bytes(bad));
  t.same(connection.feed('write', bytes(get('/smuggled'))), []);
  t.same(connection.feed('read', bytes(ok(''))), []);
  t.same(connection.end(), []);
  t.end();
});

t.test('late on a connection, it begins at the first whole start line', (t) => {
  const connection = new HttpConnection();
  const events = [
    ...connection.feed('read', bytes('rest of an answer nobody saw begin\r\n')),
    ...connection.feed('write', bytes(get('/now'))),
    ...connection.feed('read', bytes(ok(''))),
  ];
  t.same(events.map(say), ['not_http', 'request 1 GET /now api.example.com 1.1', 'response 1 200']);
  t.end();
});

t.test('requests nobody answers are bounded', (t) => {
  const connection = new HttpConnection();
  for (let i = 0; i < 1000; i += 1) connection.feed('write', bytes(get(`/${i}`)));
  t.same(connection.feed('read', bytes(ok(''))), [], 'pairing was given up, not kept wrong');
  t.equal(connection.stats().requests, 1000);
  t.end();
});

t.test('holds no more than one unfinished line a direction, however long it goes on', (t) => {
  const connection = new HttpConnection();
  let most = 0;
  for (let i = 0; i < 100; i += 1) {
    connection.feed('write', bytes(i === 0 ? 'GET /' : 'x'.repeat(1000)));
    most = Math.max(most, connection.stats().heldBytes);
  }
  t.ok(most > 15_000 && most <= 17 * 1024, `${most} bytes`);
  t.equal(connection.stats().heldBytes, 0, 'given up');
  t.end();
});

t.test('survives any bytes in any cut', (t) => {
  // xorshift32: the same bytes on every run.
  let seed = 0x9e3779b9;
  const random = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const wires = Object.values(TRANSCRIPTS).map(({ wire }) => wire);
  for (let run = 0; run < 3000; run += 1) {
    const connection = new HttpConnection();
    for (const [direction, text] of wires[random(wires.length)] ?? []) {
      const mutated = Buffer.from(text, 'latin1');
      for (let i = random(4); i > 0; i -= 1) mutated[random(mutated.length)] = random(256);
      const at = random(mutated.length + 1);
      const events = [
        ...connection.feed(direction, mutated.subarray(0, at)),
        ...(random(3) === 0 ? connection.skip(direction, random(100)) : []),
        ...connection.feed(direction, mutated.subarray(at)),
      ];
      for (const event of events) {
        if (event.event !== 'request') continue;
        if (!/^[a-z0-9_.:-]*$/.test(event.host)) t.fail(`host ${event.host}`);
      }
    }
    connection.end();
  }
  t.pass('no throw, no host that is none');
  t.end();
});
