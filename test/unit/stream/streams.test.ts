import t, { type Test } from 'tap';
import type { ProcessKey, TlsDataEvent } from '../../../src/event/index.js';
import { Streams, type StreamChunk } from '../../../src/stream/index.js';
import { baseOf } from '../../helpers/events.js';

const KEY: ProcessKey = { tgid: 100, startNs: 5n };
const OTHER: ProcessKey = { tgid: 101, startNs: 6n };

interface CallPlan {
  readonly id: number;
  readonly text: string;
  /** Bytes kept of it; all when absent. */
  readonly kept?: number;
  readonly chunk?: number;
  readonly more?: Partial<TlsDataEvent>;
}

/** The records of one call, in order. The time of a call is its id. */
function records({ id, text, kept = text.length, chunk = 4, more = {} }: CallPlan): TlsDataEvent[] {
  const bytes = Buffer.from(text, 'latin1');
  const offsets = Array.from({ length: Math.max(1, Math.ceil(kept / chunk)) }, (_, i) => i * chunk);
  return offsets.map((offset) => ({
    kind: 'tls_data',
    ...baseOf(KEY, KEY, BigInt(id)),
    ssl: 7n,
    call: BigInt(id),
    direction: 'write',
    layer: 'stream',
    attachment: null,
    socketCookie: null,
    lastReceive: null,
    original: bytes.length,
    kept,
    offset,
    bytes: bytes.subarray(offset, Math.min(kept, offset + chunk)),
    ...more,
  }));
}

/** Bytes as text, `-` for each one missing by loss and `.` for each cut by the limit. Checks positions on the way. */
function text(t: Test, chunks: readonly StreamChunk[], from = 0): string {
  let said = '';
  for (const chunk of chunks) {
    t.equal(chunk.position, from + said.length, 'positions leave no gap');
    said +=
      'bytes' in chunk
        ? Buffer.from(chunk.bytes).toString('latin1')
        : (chunk.cause === 'limit' ? '.' : '-').repeat(chunk.missing);
  }
  return said;
}

function conserves(t: Test, streams: Streams): void {
  const { movedBytes, capturedBytes, limitBytes, lostBytes, bufferedBytes } = streams.stats();
  t.equal(capturedBytes + limitBytes + lostBytes, movedBytes, 'captured + cut + lost = moved');
  t.equal(bufferedBytes, 0, 'nothing is held');
}

t.test('each piece says whose probes gave it', (t) => {
  const streams = new Streams();
  const through = (id: number, attachment: number) =>
    records({ id, text: 'four and more', more: { attachment } }).flatMap((event) =>
      streams.on(event),
    );
  t.same([...new Set(through(1, 5).map(({ attachment }) => attachment))], [5]);
  t.same([...new Set(through(2, 6).map(({ attachment }) => attachment))], [6], 'set anew');
  t.end();
});

t.test('calls become one stream, cut where they were cut', (t) => {
  const streams = new Streams();
  const chunks = [
    ...records({ id: 1, text: 'GET / HTTP/1.1\r\n' }),
    ...records({ id: 2, text: 'body of many bytes', kept: 6 }),
    ...records({ id: 3, text: 'nothing kept', kept: 0 }),
    ...records({ id: 4, text: 'end' }),
  ].flatMap((event) => streams.on(event));
  t.equal(text(t, chunks), 'GET / HTTP/1.1\r\nbody o........................end');
  conserves(t, streams);
  t.match(streams.stats(), { streams: 1, movedBytes: 49, capturedBytes: 25, limitBytes: 24 });
  t.end();
});

t.test('sessions, directions and processes are apart', (t) => {
  const streams = new Streams();
  const plans: Partial<TlsDataEvent>[] = [{}, { direction: 'read' }, { ssl: 8n }, { key: OTHER }];
  for (const more of plans) {
    const chunks = records({ id: 1, text: 'abc', more }).flatMap((event) => streams.on(event));
    t.equal(text(t, chunks), 'abc');
  }
  t.equal(streams.stats().streams, 4);
  t.same(
    streams.free(KEY, 7n).map(({ direction, position }) => [direction, position]),
    [
      ['write', 3],
      ['read', 3],
    ],
  );
  t.same(streams.free(KEY, 7n), []);
  t.same(
    streams.exit(KEY).map(({ ssl }) => ssl),
    [8n],
  );
  t.same(streams.exit(OTHER).length, 1);
  t.equal(streams.stats().streams, 0);
  t.end();
});

t.test('the records of a call in every order give the same bytes', (t) => {
  const call = { id: 1, text: 'abcdefghijklmnop', kept: 14 };
  const permute = <T>(items: readonly T[]): T[][] =>
    items.length < 2
      ? [[...items]]
      : items.flatMap((item, i) =>
          permute(items.filter((_, j) => j !== i)).map((r) => [item, ...r]),
        );
  for (const order of permute(records(call))) {
    const streams = new Streams();
    const chunks = [...order, ...records({ id: 2, text: 'next' })].flatMap((e) => streams.on(e));
    t.equal(text(t, chunks), 'abcdefghijklmn..next', order.map(({ offset }) => offset).join());
    conserves(t, streams);
  }
  t.end();
});

t.test('with a record lost at each place, what is missing is said where it is missing', (t) => {
  const call = { id: 1, text: 'abcdefghijklmnop' };
  const all = records(call);
  for (const [lost] of all.entries()) {
    const wanted = call.text.replace(call.text.slice(lost * 4, lost * 4 + 4), '----');
    const rest = all.filter((_, index) => index !== lost);
    const streams = new Streams();
    const chunks = [...rest, ...records({ id: 2, text: 'x' })].flatMap((e) => streams.on(e));
    t.equal(text(t, chunks), `${wanted}x`, 'told by the next call');
    conserves(t, streams);
    const drained = new Streams();
    const before = rest.flatMap((event) => drained.on(event));
    const first = drained.drained();
    t.equal(text(t, [...before, ...first, ...drained.drained()]), wanted, 'told by a second drain');
    t.same(first, [], 'but not by the first');
    t.same(drained.on(all[lost] ?? assertNever()), [], 'too late');
    conserves(t, drained);
    t.equal(drained.stats().ignoredChunks, 1);
    const reversed = new Streams();
    const backwards = [...rest].reverse().flatMap((event) => reversed.on(event));
    const [last] = reversed.free(KEY, 7n);
    t.equal(text(t, [...backwards, ...(last?.rest ?? [])]), wanted, 'whatever came first');
    conserves(t, reversed);
    const ended = new Streams();
    const said = rest.flatMap((event) => ended.on(event));
    const [end] = ended.exit(KEY);
    t.equal(text(t, [...said, ...(end?.rest ?? [])]), wanted, 'told by the end');
    t.equal(end?.position, 16);
    conserves(t, ended);
  }
  t.end();
});

const assertNever = (): never => {
  throw new Error('no such record');
};

t.test(
  'a record that comes twice, late, or outside its call is counted and changes nothing',
  (t) => {
    const streams = new Streams();
    const [first, second] = records({ id: 5, text: 'abcdefgh' });
    if (first === undefined || second === undefined) return assertNever();
    const old = records({ id: 4, text: 'late' });
    const steps = [second, second, { ...second, offset: 6 }, first, first, second, ...old];
    const odd = { ...first, call: 6n, offset: 6, original: 4, kept: 4 };
    const chunks = [...steps, odd, { ...odd, kept: 900 }].flatMap((event) => streams.on(event));
    t.equal(text(t, chunks), 'abcdefgh');
    t.equal(streams.stats().ignoredChunks, 7);
    streams.exit(KEY);
    conserves(t, streams);
    t.end();
  },
);

t.test('what waits is bounded: past 4 MiB the hole before it is given up', (t) => {
  const streams = new Streams();
  const size = 1024 * 1024;
  const said: StreamChunk[] = [];
  const waiting = (ssl: bigint): TlsDataEvent[] =>
    records({ id: 1, text: 'x'.repeat(2 * size), chunk: size, more: { ssl } }).slice(1);
  for (let ssl = 0n; ssl < 4n; ssl += 1n) {
    said.push(...waiting(ssl).flatMap((event) => streams.on(event)));
  }
  t.same(said, []);
  t.equal(streams.stats().bufferedBytes, 4 * size);
  const [hole, bytes] = waiting(4n).flatMap((event) => streams.on(event));
  t.match(hole, { missing: size, cause: 'lost', position: 0, ssl: 4n });
  t.match(bytes, { position: size, ssl: 4n });
  t.match(streams.stats(), { bufferedBytes: 4 * size, overflows: 1, lostBytes: size });
  streams.exit(KEY);
  conserves(t, streams);
  t.end();
});

t.test('waiting bytes are copies: the batch they came in is reused', (t) => {
  const streams = new Streams();
  const [first, second] = records({ id: 1, text: 'abcdefgh' });
  if (first === undefined || second === undefined) return assertNever();
  const batch = Buffer.from('efgh');
  streams.on({ ...second, bytes: batch });
  batch.fill('!');
  t.equal(text(t, streams.on(first)), 'abcdefgh');
  t.end();
});

t.test('streams are bounded: the one used longest ago goes, and is counted', (t) => {
  const streams = new Streams();
  const feed = (ssl: bigint): StreamChunk[] =>
    records({ id: 1 + Number(ssl), text: 'ab', more: { ssl } }).flatMap((e) => streams.on(e));
  for (let ssl = 0n; ssl < 65_536n; ssl += 1n) feed(ssl);
  const again = records({ id: 70_000, text: 'cd', more: { ssl: 0n } }).flatMap((e) =>
    streams.on(e),
  );
  t.equal(again[0]?.position, 2, 'still known');
  feed(65_536n);
  t.match(streams.stats(), { streams: 65_536, evicted: 1 });
  t.same(streams.free(KEY, 1n), [], 'the oldest went');
  t.equal(streams.free(KEY, 0n).length, 1);
  t.end();
});

t.test('from one byte to one mebibyte, in both directions, on eight sessions at once', (t) => {
  // xorshift32: the same load on every run.
  let seed = 0x6b8b4567;
  const random = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const streams = new Streams();
  const limit = 600_000;
  const sent = new Map<string, string>();
  const got = new Map<string, StreamChunk[]>();
  let id = 0;
  for (let size = 1; size <= 1024 * 1024; size *= 4) {
    const events: TlsDataEvent[] = [];
    for (let session = 0; session < 8; session += 1) {
      for (const direction of ['write', 'read'] as const) {
        const stream = `${session}${direction}`;
        const text = String.fromCharCode(97 + random(26)).repeat(size);
        sent.set(stream, (sent.get(stream) ?? '') + text);
        const more = { ssl: BigInt(session), direction, call: BigInt((id += 1)) };
        const plan = { id: size, text, kept: Math.min(size, limit), chunk: 16_384, more };
        // Two in a hundred records are lost; neighbours change places.
        const all = records(plan);
        const kept = all.filter(() => all.length === 1 || random(100) >= 2);
        if (kept.length > 1 && random(2) === 0) kept.push(...kept.splice(0, 1));
        events.push(...kept);
      }
    }
    for (const event of events) {
      for (const chunk of streams.on(event)) {
        const stream = `${chunk.ssl}${chunk.direction}`;
        got.set(stream, [...(got.get(stream) ?? []), chunk]);
      }
    }
  }
  for (const end of streams.exit(KEY)) {
    got.get(`${end.ssl}${end.direction}`)?.push(...end.rest);
  }
  conserves(t, streams);
  t.ok(streams.stats().lostBytes > 0 && streams.stats().limitBytes > 0, 'the load lost and cut');
  for (const [stream, chunks] of got) {
    const wanted = sent.get(stream) ?? '';
    let position = 0;
    for (const chunk of chunks) {
      if (chunk.position !== position) t.fail(`${stream}: a gap at ${position}`);
      const bytes = 'bytes' in chunk ? Buffer.from(chunk.bytes).toString('latin1') : null;
      position += bytes?.length ?? ('missing' in chunk ? chunk.missing : 0);
      if (bytes !== null && wanted.slice(chunk.position, position) !== bytes) {
        t.fail(`${stream}: other bytes at ${chunk.position}`);
      }
    }
    t.equal(position, wanted.length, `${stream}: captured + cut + lost = sent`);
  }
  t.end();
});
