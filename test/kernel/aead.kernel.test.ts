import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { openImage } from '../../src/elf/index.js';
import type { TlsDataEvent, TlsStack } from '../../src/event/index.js';
import { InnerPlaintext } from '../../src/stream/index.js';
import { runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { generate } from '../helpers/generator.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

interface Records {
  readonly pid: number;
  readonly seed: number;
  /** Of application data, over all records that carry any. */
  readonly bytes: number;
  readonly records: number;
  readonly sent_cookie: string;
  readonly received_cookie: string;
  /** Calls that carry none: handshake, alert, no TLS at all. */
  readonly silent: number;
  readonly padded: number;
  readonly padded_bytes: number;
}

const CALLS = ['aead_seal', 'aead_seal_scatter', 'aead_open'] as const;

/** The functions of the trigger as the resolver would give them. */
function stackOf(program: string): TlsStack {
  const file = readFileSync(program);
  const image = openImage({ size: file.length, read: (at, n) => file.subarray(at, at + n) });
  if (typeof image === 'string') throw new Error(image);
  const found = image.symbols(CALLS);
  const sites = CALLS.map((call) => {
    const entry = image.offsetOf(found.get(call) ?? -1);
    if (entry === null) throw new Error(`no ${call}`);
    return { call, entry, returns: [] };
  });
  const { dev, ino } = statSync(program, { bigint: true });
  return { file: { dev, inode: ino }, path: program, library: 'aws-lc', by: 'symbols', sites };
}

t.test(
  'aead: the application data of each TLS record, and of nothing else',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const program = compileTrigger('aead-records');
    const stranger = strangerOf(t, program);
    const watch = watchKernel(t, [program]);
    const attach = (path: string): number => {
      const fd = openSync(path, 'r');
      try {
        return watch.kernel.attach(stackOf(path), fd);
      } finally {
        closeSync(fd);
      }
    };
    attach(stranger);
    const attachment = attach(program);
    const [truth] = await watch.run<Records>([program]);
    const [other] = await runForJson<Records>(t, [stranger]);
    if (truth === undefined || other === undefined) throw new Error('no truth');
    await watch.ended(truth.pid);
    const { payloadBytesForeign } = watch.stop();

    const inner = new InnerPlaintext();
    const raw = watch.of('tls_data', truth.pid);
    const data = raw.flatMap((event) => inner.on(event));
    const expected = generate(truth.seed, truth.bytes);
    for (const direction of ['write', 'read'] as const) {
      const told = data.filter((event) => event.direction === direction);
      t.equal(
        new Set(told.map(({ call }) => call)).size,
        truth.records,
        `${direction}: a call each`,
      );
      t.ok(
        Buffer.concat(told.map(({ bytes }) => bytes)).equals(expected),
        `${direction}: its bytes`,
      );
      t.equal(
        new Set(told.map(({ ssl }) => ssl)).size,
        3,
        'a session each for two contexts and a new key',
      );
    }
    t.equal(inner.stats().padded, 2 * truth.padded);
    const calls = (events: readonly TlsDataEvent[]): number =>
      new Set(events.map(({ call }) => call)).size;
    t.equal(calls(raw.filter(({ layer }) => layer === 'inner')), 2 * truth.padded);
    t.same([...new Set(raw.map((event) => event.attachment))], [attachment]);
    t.ok(
      raw.every(({ direction, lastReceive }) =>
        direction === 'read' ? lastReceive === BigInt(truth.received_cookie) : lastReceive === null,
      ),
      'reads name the socket they came from',
    );

    const sends = watch.of('tls_send', truth.pid);
    t.equal(sends.length, 3, 'each session is tied once');
    for (const { ssl, cookie, plainBytes, sentBytes } of sends) {
      t.equal(cookie, BigInt(truth.sent_cookie));
      t.ok(sentBytes >= plainBytes + 21);
      t.ok(data.some((event) => event.ssl === ssl && event.direction === 'write'));
    }
    t.equal(payloadBytesForeign, 0);
    t.same(watch.about(other.pid), [], 'a stranger gives nothing');
  },
);
