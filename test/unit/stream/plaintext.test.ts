import t from 'tap';
import type { ProcessKey, TlsDataEvent } from '../../../src/event/index.js';
import { Plaintext, type StreamChunk } from '../../../src/stream/index.js';
import { baseOf } from '../../helpers/events.js';

const KEY: ProcessKey = { tgid: 100, startNs: 5n };

function record(id: number, text: string, more: Partial<TlsDataEvent> = {}): TlsDataEvent {
  const bytes = Buffer.from(text, 'latin1');
  return {
    kind: 'tls_data',
    ...baseOf(KEY, KEY, BigInt(id)),
    ssl: 1n,
    call: BigInt(id),
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

const told = (chunks: readonly StreamChunk[]): string[] =>
  chunks.map((chunk) => {
    const what = 'bytes' in chunk ? Buffer.from(chunk.bytes).toString() : `-${chunk.missing}`;
    return `${chunk.ssl} ${chunk.direction} ${chunk.position} ${what}`;
  });

function scene() {
  const ties = new Map<bigint, bigint>();
  return { ties, plaintext: new Plaintext((_key, ssl) => ties.get(ssl) ?? null) };
}

t.test('records become the two directions of one stream', async (t) => {
  const { ties, plaintext } = scene();
  t.same(plaintext.on(record(1, 'GET / ')), []);
  t.same(plaintext.on(record(2, 'HTTP/1.1\r\n\x17\0\0', { layer: 'inner' })), []);
  ties.set(1n, 50n).set(2n, 50n);
  t.same(told(plaintext.tied(KEY, 1n)), ['1 write 0 GET / ', '1 write 6 HTTP/1.1\r\n']);
  const answer = record(3, 'HTTP/1.1 200', { ssl: 2n, direction: 'read' });
  t.same(told(plaintext.on(answer)), ['1 read 0 HTTP/1.1 200']);
  const { movedBytes, capturedBytes, inner, oneWay } = plaintext.stats();
  t.equal(movedBytes, 28);
  t.equal(capturedBytes, 28);
  t.equal(inner.padded, 1);
  t.equal(oneWay.halves, 2);
});

t.test('a stream of a library goes straight through, and ends when it is freed', async (t) => {
  const { plaintext } = scene();
  const event = record(1, 'GET /', { ssl: 9n, layer: 'stream' });
  t.same(told(plaintext.on(event)), ['9 write 0 GET /']);
  t.same(
    plaintext.free(KEY, 9n).map(({ position }) => position),
    [5],
  );
});

t.test('what finds no socket is told after a while', async (t) => {
  const { plaintext } = scene();
  plaintext.on(record(1, 'x'));
  t.same(told(plaintext.tick(1_000_000_000_000n)), ['1 write 0 x']);
});

t.test('what misses a piece is told with the hole', async (t) => {
  const { ties, plaintext } = scene();
  ties.set(1n, 50n);
  const whole = { layer: 'inner', original: 20, kept: 20 } as const;
  t.same(plaintext.on(record(1, 'first half', whole)), []);
  t.same(plaintext.drained(), []);
  t.same(told(plaintext.drained()), ['1 write 0 first half']);
  t.same(told(plaintext.drained()), ['1 write 10 -9'], 'all but the content type');
});

t.test('a process that ends gives what was held before the rest of each stream', async (t) => {
  const { ties, plaintext } = scene();
  ties.set(2n, 51n);
  plaintext.on(record(1, 'held'));
  plaintext.on(record(2, 'told', { ssl: 2n }));
  plaintext.on(record(3, 'half a', { ssl: 2n, layer: 'inner', original: 12, kept: 12 }));
  const ends = plaintext.exit(KEY);
  t.same(
    ends.map(({ ssl, rest }) => [ssl, told(rest)]),
    [
      [2n, ['2 write 4 half a', '2 write 10 -5']],
      [1n, ['1 write 0 held']],
    ],
  );
  t.equal(plaintext.stats().oneWay.halves, 0);
});
