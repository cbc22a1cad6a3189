import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import t from 'tap';
import type { ProbeSite, TlsDataEvent } from '../../src/event/index.js';
import { resolveFile } from '../../src/resolve/index.js';
import { runForJson } from '../helpers/children.js';
import { compileGo, whyNoGo } from '../helpers/compile-go.js';
import { whyNoKernel } from '../helpers/environment.js';
import { generate } from '../helpers/generator.js';
import { strangerOf, watchKernel, type KernelWatch } from '../helpers/kernel.js';
import { startTlsEchoServer } from '../helpers/tls-echo-server.js';

interface Truth {
  readonly pid: number;
  readonly local_port: number;
  readonly seed: number;
  readonly bytes: number;
  readonly moved: boolean;
}

const skip = whyNoKernel() ?? whyNoGo() ?? false;
/** Stripped: the functions are found by what the program needs itself. */
const build = (...flags: string[]): string => {
  const [program] = compileGo('test/triggers/go-tls', ['-ldflags=-s -w', ...flags]);
  if (program === undefined) throw new Error('there is no program');
  return program;
};

/** Puts probes on a program's Go TLS, as found in the file; `change` of where. */
const attach = (
  watch: KernelWatch,
  path: string,
  change: (site: ProbeSite) => ProbeSite = (site) => site,
): number => {
  const fd = openSync(path, 'r');
  const { size, dev, ino } = fstatSync(fd, { bigint: true });
  const read = (offset: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
  };
  const resolution = resolveFile({ size: Number(size), read });
  const found = resolution.ok ? resolution.found.find(({ library }) => library === 'go') : null;
  if (!found || 'refused' in found) throw new Error(`no Go in ${path}: ${JSON.stringify(found)}`);
  const sites = found.sites.map(change);
  const number = watch.kernel.attach({ file: { dev, inode: ino }, path, ...found, sites }, fd);
  closeSync(fd);
  return number;
};

const cookieOf = (watch: KernelWatch, { pid, local_port }: Truth): bigint | undefined =>
  watch.of('flow_state', pid).find(({ tuple }) => tuple.srcPort === local_port)?.cookie;

/** Plaintext of a session and direction, in order. */
const bytesOf = (events: readonly TlsDataEvent[]): Buffer =>
  Buffer.concat(events.map(({ bytes }) => bytes));

interface Session {
  readonly ssl: bigint;
  readonly write: readonly TlsDataEvent[];
  readonly read: readonly TlsDataEvent[];
}

const sessionsOf = (watch: KernelWatch, pid: number): Session[] => {
  const data = watch.of('tls_data', pid);
  return [...new Set(data.map(({ ssl }) => ssl))].map((ssl) => {
    const [write = [], read = []] = (['write', 'read'] as const).map((direction) =>
      data.filter((event) => event.ssl === ssl && event.direction === direction),
    );
    return { ssl, write, read };
  });
};

/** Those that wrote these bytes and read them. */
const sessionsWith = (sessions: readonly Session[], { seed, bytes }: Truth): Session[] => {
  const expected = generate(seed, bytes);
  return sessions.filter(
    ({ write, read }) => bytesOf(write).equals(expected) && bytesOf(read).equals(expected),
  );
};

const cookiesOf = (events: readonly TlsDataEvent[]): (bigint | null)[] => [
  ...new Set(events.map(({ socketCookie }) => socketCookie)),
];

for (const [name, ...flags] of [['fixed addresses'], ['any address', '-buildmode=pie']]) {
  t.test(
    `go: many connections at once of a stripped program with ${name}: exact bytes and the right socket`,
    { skip },
    async (t) => {
      const program = build(...flags);
      const stranger = strangerOf(t, program);
      const watch = watchKernel(t, [program]);
      attach(watch, stranger);
      const attachment = attach(watch, program);
      const port = String(await startTlsEchoServer(t));
      const truths = await watch.run<Truth>([program, 'echo', port, '24', '150000']);
      const [other] = await runForJson<Truth>(t, [stranger, 'echo', port, '2', '9000']);
      const pid = truths[0]?.pid ?? 0;
      await watch.ended(pid);
      const { payloadBytesForeign } = watch.stop();

      const sessions = sessionsOf(watch, pid);
      t.equal(truths.length, 24);
      t.equal(sessions.length, 24, 'a session each');
      const through = watch.of('tls_data', pid).map((event) => event.attachment);
      t.same([...new Set(through)], [attachment], 'and it says through which probes');
      for (const truth of truths) {
        const [session] = sessionsWith(sessions, truth);
        t.ok(session, `bytes of port ${truth.local_port} both ways`);
        const cookie = cookieOf(watch, truth) ?? 0n;
        t.same(cookiesOf(session?.write ?? []), [cookie], 'each write names its socket');
        const read = cookiesOf(session?.read ?? []);
        t.ok(read.includes(cookie), 'reads name it');
        t.ok(
          read.every((named) => named === cookie || named === null),
          'and no other; some had their bytes already',
        );
        t.ok(
          watch.of('tls_free', pid).some(({ ssl }) => ssl === session?.ssl),
          'its end is told',
        );
      }
      t.same(watch.losses, []);
      t.equal(payloadBytesForeign, 0);
      t.same(watch.about(other?.pid ?? 0), [], 'a stranger gives nothing');
    },
  );
}

t.test('go: reads into a stack that moves meanwhile, and TLS inside TLS', { skip }, async (t) => {
  const program = build();
  const watch = watchKernel(t, [program]);
  attach(watch, program);
  const port = String(await startTlsEchoServer(t));
  const [moved] = await watch.run<Truth>([program, 'moved', port]);
  const [nested] = await watch.run<Truth>([program, 'nested']);
  if (moved === undefined || nested === undefined) throw new Error('no truth');
  for (const { pid } of [moved, nested]) await watch.ended(pid);
  watch.stop();

  t.ok(moved.moved, 'the stack was moved');
  const reads = sessionsWith(sessionsOf(watch, moved.pid), moved);
  t.equal(reads.length, 1, 'the bytes are read where they are then');
  // Of the inner session the process has both ends.
  const ends = sessionsWith(sessionsOf(watch, nested.pid), nested);
  const cookie = cookieOf(watch, nested) ?? 0n;
  const inner = ends.find(({ write }) => write.some(({ socketCookie }) => socketCookie === cookie));
  t.equal(ends.length, 2, 'the inner session is whole');
  t.same(cookiesOf(inner?.write ?? []), [cookie], 'and has the socket of the outer');
  const outer = sessionsOf(watch, nested.pid).find(
    ({ ssl, write }) => ssl !== inner?.ssl && cookiesOf(write).includes(cookie),
  );
  for (const carried of [outer?.write ?? [], outer?.read ?? []]) {
    t.ok(bytesOf(carried).length > nested.bytes, 'which carries it');
  }
  t.same(watch.losses, []);
});

t.test('go: bytes of a call whose beginning was not seen are counted', { skip }, async (t) => {
  const program = build();
  const watch = watchKernel(t, [program]);
  // The last return is taken after a panic only: as if every read had begun before there were probes.
  attach(watch, program, (site) =>
    site.call === 'go_read' ? { ...site, entry: site.returns.at(-1) ?? 0 } : site,
  );
  const port = String(await startTlsEchoServer(t));
  const [truth] = await watch.run<Truth>([program, 'echo', port, '1', '100000']);
  const pid = truth?.pid ?? 0;
  await watch.ended(pid);
  watch.stop();

  const [session] = sessionsOf(watch, pid);
  t.equal(bytesOf(session?.write ?? []).length, truth?.bytes, 'what is written is read');
  t.same(session?.read, []);
  const lost = watch.losses.filter(({ cause }) => cause === 'table_full');
  t.ok(lost.length > 0 && lost.length === watch.losses.length, 'what is read is counted as lost');
});
