import t from 'tap';
import type { ProcessKey, TlsDataEvent } from '../../../src/event/index.js';
import { OneWaySessions } from '../../../src/stream/index.js';
import { baseOf } from '../../helpers/events.js';

const KEY: ProcessKey = { tgid: 100, startNs: 5n };
const OTHER: ProcessKey = { tgid: 101, startNs: 6n };
const SECOND = 1_000_000_000n;

function record(ssl: bigint, text: string, more: Partial<TlsDataEvent> = {}): TlsDataEvent {
  const bytes = Buffer.from(text);
  return {
    kind: 'tls_data',
    ...baseOf(KEY, KEY, 0n),
    ssl,
    call: 1n,
    direction: 'write',
    layer: 'record',
    attachment: null,
    socketCookie: null,
    lastReceive: null,
    original: bytes.length,
    kept: bytes.length,
    offset: 0,
    bytes,
    ...more,
  };
}

const told = (events: readonly TlsDataEvent[]): string[] =>
  events.map(({ ssl, bytes }) => `${ssl} ${Buffer.from(bytes).toString()}`);

/** Ties as the test sets them; the process does not matter but in `OTHER`. */
function scene() {
  const ties = new Map<string, bigint>();
  const tie = (ssl: bigint, cookie: bigint, key = KEY): void => {
    ties.set(`${key.tgid}/${ssl}`, cookie);
  };
  const sessions = new OneWaySessions((key, ssl) => ties.get(`${key.tgid}/${ssl}`) ?? null);
  return { sessions, tie };
}

t.test('both directions of a socket have one name', async (t) => {
  const { sessions, tie } = scene();
  t.same(sessions.on(record(1n, 'request')), [], 'held until it is tied');
  tie(1n, 50n);
  tie(2n, 50n);
  tie(3n, 51n);
  t.same(told(sessions.tied(KEY, 1n)), ['1 request']);
  t.same(told(sessions.on(record(2n, 'answer', { direction: 'read' }))), ['1 answer']);
  t.same(told(sessions.on(record(3n, 'else'))), ['3 else'], 'another socket, another session');
  t.same(told(sessions.on(record(1n, 'more'))), ['1 more']);
  tie(9n, 50n);
  t.same(told(sessions.on(record(9n, 'new key'))), ['1 new key'], 'after a KeyUpdate');
  tie(9n, 50n, OTHER);
  const elsewhere = record(9n, 'x', baseOf(OTHER, OTHER));
  t.same(told(sessions.on(elsewhere)), ['9 x'], 'another process is another session');
});

t.test('what is held keeps its order and is a copy', async (t) => {
  const { sessions, tie } = scene();
  const bytes = Buffer.from('first');
  sessions.on(record(1n, '', { bytes }));
  bytes.fill(0);
  tie(1n, 50n);
  t.same(told(sessions.on(record(1n, 'second'))), ['1 first', '1 second']);
  t.equal(sessions.stats().heldBytes, 0);
  t.same(sessions.tied(KEY, 77n), [], 'of nobody known');
});

t.test('streams of a library are none of its business', async (t) => {
  const { sessions } = scene();
  const event = record(1n, 'x', { layer: 'stream' });
  t.equal(sessions.on(event)[0], event);
  t.equal(sessions.stats().halves, 0);
});

t.test('what finds no socket in two seconds is told alone, and stays so', async (t) => {
  const { sessions, tie } = scene();
  sessions.on(record(1n, 'x', baseOf(KEY, KEY, SECOND)));
  t.same(sessions.tick(SECOND * 3n - 1n), []);
  t.same(told(sessions.tick(SECOND * 3n)), ['1 x']);
  t.equal(sessions.stats().untied, 1);
  tie(1n, 50n);
  tie(2n, 50n);
  t.same(told(sessions.on(record(1n, 'y'))), ['1 y']);
  t.same(told(sessions.on(record(2n, 'z'))), ['2 z']);
  t.same(sessions.tick(SECOND * 9n), []);
});

t.test('a process that ends gives back what was held, and its names', async (t) => {
  const { sessions, tie } = scene();
  tie(1n, 50n);
  sessions.on(record(1n, 'x'));
  sessions.on(record(2n, 'held'));
  sessions.on(record(2n, 'other', baseOf(OTHER, OTHER)));
  t.same(told(sessions.exit(KEY)), ['2 held']);
  t.equal(sessions.stats().halves, 1, 'the other process goes on');
  tie(3n, 50n);
  t.same(told(sessions.on(record(3n, 'new'))), ['3 new'], 'the old name is gone');
  t.same(sessions.exit({ tgid: 7, startNs: 7n }), []);
});

t.test('held bytes have a limit', async (t) => {
  const { sessions } = scene();
  const piece = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 4; i += 1) t.same(sessions.on(record(1n, piece)), []);
  t.equal(sessions.on(record(1n, piece)).length, 5, 'all of it is told');
  t.same(sessions.stats(), { halves: 1, heldBytes: 0, untied: 0, overflows: 1, evicted: 0 });
});

t.test('directions have a limit: the one used longest ago goes, with its name', async (t) => {
  const { sessions, tie } = scene();
  tie(0n, 50n);
  sessions.on(record(0n, 'tied'));
  sessions.on(record(1n, 'held'));
  for (let ssl = 2n; ssl < 65_536n; ssl += 1n) {
    tie(ssl, 1000n + ssl);
    sessions.on(record(ssl, ''));
  }
  tie(70_000n, 50n);
  t.same(told(sessions.on(record(70_000n, 'new'))), ['70000 new']);
  t.same(told(sessions.on(record(70_001n, 'newer'))), ['1 held'], 'what it held is told');
  t.equal(sessions.stats().halves, 65_536);
  t.equal(sessions.stats().evicted, 2);
});
