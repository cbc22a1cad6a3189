import t from 'tap';
import { HttpConnection, type Direction, type HttpEvent } from '../../../src/http/index.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const [HEADERS, SETTINGS, PING, CONTINUATION] = [1, 4, 6, 9];
const [END_STREAM, END_HEADERS] = [1, 4];
const WHOLE = END_STREAM | END_HEADERS;

const frame = (type: number, flags: number, stream: number, payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
};
const NONE = Buffer.alloc(0);
const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
/** RFC 7541: a literal whose name has a number; `kept`: put into the table. */
const literal = (name: number, value: string, kept = false): Buffer =>
  Buffer.concat([Buffer.from([(kept ? 0x40 : 0) + name]), text(value)]);
const [AUTHORITY, PATH] = [1, 4];
const GET = Buffer.from([0x82]);
const OK = Buffer.from([0x88]);
const NEWEST = Buffer.from([0x80 | 62]);
const hostField = (value: string): Buffer =>
  Buffer.concat([Buffer.from([0]), text('host'), text(value)]);

const ask = (stream: number, path: string, ...more: Buffer[]): Buffer =>
  frame(HEADERS, WHOLE, stream, Buffer.concat([GET, literal(PATH, path), ...more]));

/** What was said, in words. */
class Heard {
  readonly connection = new HttpConnection();
  readonly said: string[] = [];

  hear(direction: Direction, ...frames: Uint8Array[]): this {
    return this.#say(this.connection.feed(direction, Buffer.concat(frames)));
  }

  miss(direction: Direction, count: number): this {
    return this.#say(this.connection.skip(direction, count));
  }

  #say(events: readonly HttpEvent[]): this {
    for (const event of events) {
      if (event.event === 'request') this.said.push(`${event.target} of ${event.host || '?'}`);
      else if (event.event === 'response') this.said.push(`${event.id} ${event.status}`);
      else this.said.push(event.event === 'invalid' ? event.reason : event.event);
    }
    return this;
  }
}

const begun = (): Heard => new Heard().hear('write', PREFACE, frame(SETTINGS, 0, 0, NONE));
const EXAMPLE = literal(AUTHORITY, 'a.test');

t.test('who asks is said by the preface, whatever an agent pretends to answer', (t) => {
  const heard = begun().hear('write', frame(HEADERS, WHOLE, 1, OK));
  heard.hear('write', ask(3, '/3', EXAMPLE)).hear('read', frame(HEADERS, WHOLE, 3, OK));
  t.same(heard.said, ['bad_header', '/3 of a.test', '1 200']);
  const late = new Heard().hear('write', frame(HEADERS, WHOLE, 1, OK));
  t.same(late.hear('write', ask(3, '/3', EXAMPLE)).said, ['/3 of a.test']);
  t.end();
});

t.test('the reserved bit of a stream is ignored', (t) => {
  const bit = 0x8000_0000;
  const heard = begun().hear('write', frame(PING, 0, bit, Buffer.alloc(8)));
  heard.hear('write', ask(1 + bit, '/1', EXAMPLE)).hear('read', frame(HEADERS, WHOLE, 1, OK));
  t.same(heard.said, ['/1 of a.test', '1 200']);
  t.end();
});

t.test('a host is believed only where the authority cannot be another', (t) => {
  const heard = begun().hear('write', ask(1, '/1', literal(AUTHORITY, 'evil.test', true)));
  t.same(heard.hear('write', ask(3, '/3', NEWEST)).said, ['/1 of evil.test', '/3 of evil.test']);
  heard.said.length = 0;
  heard.miss('write', 30).hear('write', ask(7, '/7', NEWEST, hostField('good.test')));
  heard.hear('write', ask(9, '/9', hostField('good.test')));
  heard.hear('write', ask(11, '/11', literal(AUTHORITY, 'evil.test'), hostField('good.test')));
  t.same(heard.said, ['hole', '/7 of ?', '/9 of good.test', 'conflicting_host']);
  t.end();
});

t.test('empty trailers change nothing', (t) => {
  const heard = begun().hear('write', ask(1, '/1', literal(AUTHORITY, 'a.test', true)));
  heard.hear('write', frame(HEADERS, WHOLE, 1, NONE), ask(3, '/3', NEWEST));
  t.same(heard.said, ['/1 of a.test', '/3 of a.test']);
  t.end();
});

t.test('a block that cannot be read loses its fields and not its place', (t) => {
  const many = Buffer.alloc(4100, GET);
  const heard = begun().hear('write', frame(HEADERS, WHOLE, 1, many), ask(3, '/3', EXAMPLE));
  t.same(heard.said, ['bad_header', '/3 of a.test']);
  const long = begun();
  const part = Buffer.alloc(16_000);
  long.hear('write', frame(HEADERS, 0, 1, part));
  for (let i = 0; i < 9; i += 1) long.hear('write', frame(CONTINUATION, 0, 1, part));
  t.ok(long.connection.stats().heldBytes < 1000, 'what is dropped is not held');
  long.hear('write', frame(CONTINUATION, END_HEADERS, 1, part), ask(3, '/3', EXAMPLE));
  t.same(long.said, ['head_too_long', '/3 of a.test']);
  const split = begun().hear('write', frame(HEADERS, END_STREAM, 1, GET), ask(3, '/3', EXAMPLE));
  t.same(split.hear('write', ask(5, '/5', EXAMPLE)).said, ['bad_frame', '/5 of a.test']);
  t.end();
});

t.test('what looks like a frame by chance is not read as one for long', (t) => {
  const heard = begun().miss('write', 10);
  // Of a file: first what could be a WINDOW_UPDATE, then 5 MB of a type that nobody knows.
  heard.hear('write', frame(8, 0, 0, Buffer.alloc(4)));
  heard.hear('write', Buffer.alloc(9, 0x50));
  heard.hear('write', Buffer.alloc(500, 0x77));
  for (let i = 0; i < 100; i += 1) heard.hear('write', ask(2 * i + 1, `/${i}`, EXAMPLE));
  t.ok(heard.said.length > 90, heard.said.slice(0, 3).join());
  t.end();
});

t.test('a version that was taken for the other is found again', (t) => {
  const body = Buffer.from('000100000000010f80', 'hex');
  const one = new Heard().hear('write', body);
  for (const n of [1, 2, 3])
    one.hear('write', Buffer.from(`GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`));
  t.same(one.said, ['/1 of a', '/2 of a', '/3 of a']);
  const two = new Heard().miss('write', 5).hear('write', Buffer.from('the middle of a body'));
  two.miss('read', 5).hear('read', Buffer.from('another'));
  t.same(two.hear('write', ask(5, '/5', EXAMPLE)).said.at(-1), '/5 of a.test');
  const sure = new Heard().hear('write', Buffer.from('POST / HTTP/1.1\r\nHost: a\r\n\r\n'));
  sure.hear('write', ask(1, '/1', EXAMPLE));
  t.notOk(sure.said.includes('/1 of a.test'), 'who has said a request stays what it is');
  t.end();
});

t.test('a second connection in one session begins anew', (t) => {
  const heard = begun()
    .hear('write', ask(1, '/1', EXAMPLE))
    .hear('read', frame(HEADERS, WHOLE, 1, OK));
  heard.hear('write', PREFACE, frame(SETTINGS, 0, 0, NONE), ask(1, '/again', EXAMPLE));
  t.same(heard.said, ['/1 of a.test', '1 200', '/again of a.test']);
  t.end();
});

t.test('a request says what it asks for, once', (t) => {
  const heard = begun();
  heard.hear('write', frame(HEADERS, WHOLE, 1, Buffer.concat([GET, EXAMPLE])));
  heard.hear('write', frame(HEADERS, WHOLE, 3, Buffer.concat([GET, GET, EXAMPLE])));
  heard.hear('write', ask(5, '/a b', EXAMPLE), ask(7, '/7', EXAMPLE), ask(7, '/7', EXAMPLE));
  heard.hear('read', ask(2, '/2', EXAMPLE));
  t.same(heard.said, [
    'bad_header',
    'bad_header',
    'bad_header',
    '/7 of a.test',
    'bad_header',
    'bad_header',
  ]);
  t.end();
});

t.test('what waits for its answer is counted as memory', (t) => {
  const heard = begun();
  for (let i = 0; i < 2000; i += 1) {
    heard.connection.feed('write', ask(2 * i + 1, '/', EXAMPLE));
    heard.connection.feed('read', frame(HEADERS, WHOLE, 2 * i + 100_001, OK));
  }
  const { heldBytes } = heard.connection.stats();
  t.ok(heldBytes >= 2 * 1024 * 60 && heldBytes < 200_000, `${heldBytes}`);
  t.end();
});
