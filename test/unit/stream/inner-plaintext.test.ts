import t from 'tap';
import type { ProcessKey, TlsDataEvent } from '../../../src/event/index.js';
import { InnerPlaintext } from '../../../src/stream/index.js';
import { baseOf } from '../../helpers/events.js';

const KEY: ProcessKey = { tgid: 100, startNs: 5n };

/** The kernel's records of one TLS record, `chunk` bytes each. */
function records(id: number, whole: Uint8Array, more: Partial<TlsDataEvent> = {}, chunk = 8) {
  const kept = more.kept ?? whole.length;
  const events: TlsDataEvent[] = [];
  for (let offset = 0; offset < Math.max(1, kept); offset += chunk) {
    events.push({
      kind: 'tls_data',
      ...baseOf(KEY, KEY, BigInt(id)),
      ssl: 7n,
      call: BigInt(id),
      direction: 'write',
      layer: 'inner',
      attachment: null,
      socketCookie: null,
      lastReceive: null,
      original: whole.length,
      offset,
      bytes: whole.subarray(offset, Math.min(kept, offset + chunk)),
      ...more,
      kept,
    });
  }
  return events;
}

const inner = (text: string, type: number, padding = 0): Buffer =>
  Buffer.concat([Buffer.from(text), Buffer.from([type]), Buffer.alloc(padding)]);

const told = (events: readonly TlsDataEvent[]): unknown[] =>
  events.map(({ layer, original, kept, offset, bytes }) => [
    layer,
    original,
    kept,
    offset,
    Buffer.from(bytes).toString(),
  ]);

t.test('content type and padding go, whatever chunks they come in', async (t) => {
  const plaintext = new InnerPlaintext();
  const all = (whole: Uint8Array, id: number, chunk: number): unknown[] =>
    told(records(id, whole, {}, chunk).flatMap((event) => plaintext.on(event)));
  const wanted = [['record', 10, 10, 0, 'GET / HTTP']];
  t.same(all(inner('GET / HTTP', 23, 5), 1, 64), wanted);
  t.same(all(inner('GET / HTTP', 23, 5), 2, 4), wanted);
  t.same(all(inner('GET / HTTP', 23), 3, 10), wanted, 'without padding');
  const [first, ...rest] = records(4, inner('GET / HTTP', 23, 5), {}, 4);
  t.ok(first);
  if (first === undefined) return;
  t.same(told([...rest, first].flatMap((event) => plaintext.on(event))), wanted, 'in any order');
  t.same(plaintext.stats(), { pending: 0, padded: 4, notData: 0, incomplete: 0 });
  const reused = inner('GET / HTTP', 23, 5);
  const [early, late] = records(5, reused);
  if (early === undefined || late === undefined) throw new Error('not two chunks');
  t.same(plaintext.on(early), []);
  early.bytes.fill(0);
  t.same(told(plaintext.on(late)), wanted, 'what waits is a copy');
});

t.test('zeros of the data are no padding', async (t) => {
  const plaintext = new InnerPlaintext();
  const [event] = records(1, inner('a\0\0', 23, 2)).flatMap((one) => plaintext.on(one));
  t.equal(Buffer.from(event?.bytes ?? []).toString('hex'), '610000');
});

t.test('what is no application data is not told', async (t) => {
  const plaintext = new InnerPlaintext();
  const of = (id: number, whole: Uint8Array): TlsDataEvent[] =>
    records(id, whole).flatMap((event) => plaintext.on(event));
  t.same(of(1, inner('certificate', 22, 3)), []);
  t.same(of(2, Buffer.alloc(12)), [], 'nothing but zeros');
  t.equal(plaintext.stats().notData, 2);
  t.same(of(3, inner('', 23, 4)), [], 'an empty record of application data');
});

t.test('other layers go through as they are', async (t) => {
  const plaintext = new InnerPlaintext();
  for (const layer of ['stream', 'record'] as const) {
    const [event] = records(1, inner('x', 23, 2), { layer }, 64);
    if (event !== undefined) t.equal(plaintext.on(event)[0], event);
  }
});

t.test('a record cut by the limit of a call is told as far as it goes', async (t) => {
  const plaintext = new InnerPlaintext();
  const whole = inner('abcdefgh', 23, 4);
  const events = records(1, whole, { kept: 6 }, 64).flatMap((event) => plaintext.on(event));
  t.same(told(events), [['record', 12, 6, 0, 'abcdef']]);
});

t.test(
  'what misses a piece is told without it, at the next call or after two drains',
  async (t) => {
    const plaintext = new InnerPlaintext();
    const [first] = records(1, inner('abcdefgh', 23, 8));
    const next = records(2, inner('next', 23, 1), {}, 64);
    if (first === undefined) throw new Error('no record');
    t.same(plaintext.on(first), []);
    const wanted = ['record', 16, 16, 0, 'abcdefgh'];
    t.same(told(next.flatMap((event) => plaintext.on(event))), [
      wanted,
      ['record', 4, 4, 0, 'next'],
    ]);
    t.same(plaintext.on(first), []);
    t.same(plaintext.drained(), [], 'it may still come');
    t.same(told(plaintext.drained()), [wanted]);
    t.same(plaintext.on(first), []);
    t.same(plaintext.exit({ tgid: 1, startNs: 1n }), [], 'another process');
    t.same(told(plaintext.exit(KEY)), [wanted]);
    t.equal(plaintext.stats().incomplete, 3);
    t.equal(plaintext.stats().pending, 0);
  },
);

t.test('what waits has a limit, and the oldest goes', async (t) => {
  const plaintext = new InnerPlaintext();
  for (let id = 1; id <= 256; id += 1) {
    const [first] = records(id, inner('abcdefgh', 23, 8), { ssl: BigInt(id) });
    if (first !== undefined) t.same(plaintext.on(first), []);
  }
  const [last] = records(300, inner('abcdefgh', 23, 8), { ssl: 300n });
  const given = last === undefined ? [] : plaintext.on(last);
  t.same(
    given.map(({ ssl }) => ssl),
    [1n],
  );
  t.equal(plaintext.stats().pending, 256);
});

t.test('chunks that cannot be of their call do no harm', async (t) => {
  const plaintext = new InnerPlaintext();
  const [event] = records(1, inner('abc', 23), { offset: 4_000_000_000 }, 64);
  if (event !== undefined) t.same(plaintext.on(event), []);
  t.equal(plaintext.stats().notData, 1);
});
