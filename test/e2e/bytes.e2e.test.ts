import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseLines, startChild, type Command } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { generate } from '../helpers/generator.js';
import { ofKind, type Line } from '../helpers/line.js';
import {
  account,
  readKernelSide,
  recordedStreams,
  type Recorded,
  type RecordedStream,
} from '../helpers/recording.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';
import { makeWaitingShell, runSettled } from '../helpers/waiting-shell.js';

const MIB = 1024 * 1024;
const LIMIT = 16 * 1024;
const MARK_BYTES = 4;

interface Truth {
  readonly pid: number;
  readonly threads: number;
  readonly seed: number;
  readonly stream_bytes: number;
  readonly bad: number;
}
interface Retry {
  readonly pid: number;
  readonly seed: number;
  readonly bytes: number;
  readonly received: number;
  readonly successes: number;
  readonly failures: number;
}

const skip = whyNoKernel() ?? false;

/** Runs a command as an agent whose library is probed, and gives what was recorded of it. */
async function record(
  t: Test,
  sensor: object,
  capture: object,
  commands: readonly Command[],
): Promise<{ output: string; recorded: Recorded; lines: readonly Line[] }> {
  const [load, bytes, retry] = ['tls-load', 'tls-bytes', 'tls-retry'].map(compileTrigger);
  const shell = makeWaitingShell(t);
  const exe = [load, bytes, retry, shell];
  const file = join(scratchDirectory(t), 'recording');
  const config = { agents: { rules: [{ id: 'test/e2e/bytes', match: { exe } }] }, sensor, capture };
  const place = makePlace(t, config);
  const daemon = await startDaemon(t, place, '--record', file);
  const live = daemon.follow();
  // An agent that lives all the while keeps the library probed.
  const idle = ['--size', '200', '--rate', '2', '--count', '10000'];
  startChild(t, [load ?? '', 'memory', ...idle], { stdio: 'ignore' });
  await waitFor('plaintext coverage', () =>
    ofKind(live, 'coverage').some(({ coverage }) => coverage?.state === 'plaintext'),
  );
  let output = '';
  for (const command of commands) {
    const { code, stdout, stderr } = await runSettled(t, shell, command, (pid) =>
      ofKind(live, 'agent').some(({ process }) => process?.pid === pid),
    );
    t.equal(code, 0, stderr);
    output += stdout;
  }
  await waitFor('the last exit', () => ofKind(live, 'exit').length >= commands.length);
  t.equal(await daemon.stop(), 0);
  return { output, recorded: readKernelSide(file), lines: await readAll(t, place) };
}

/** The content of every stream of tls-bytes: by thread, to the server and to the client. */
function contents({ threads, seed, stream_bytes }: Truth): Uint8Array[] {
  return Array.from({ length: threads * 2 }, (_, index) => {
    const [thread, direction] = [index >> 1, index & 1];
    const content = new Uint8Array(stream_bytes);
    content.set([0x57, 0x46, thread, direction]);
    content.set(generate(seed ^ (thread << 8) ^ direction, stream_bytes - MARK_BYTES), MARK_BYTES);
    return content;
  });
}

const sameAt = (
  whole: Uint8Array,
  { position, bytes }: RecordedStream['pieces'][number],
): boolean => Buffer.compare(whole.subarray(position, position + bytes.length), bytes) === 0;

/** Which content a stream is of: all of its pieces are found there at their positions. -1: of none. */
const contentOf = (stream: RecordedStream, all: readonly Uint8Array[]): number =>
  all.findIndex((content) => stream.pieces.every((piece) => sameAt(content, piece)));

const captured = ({ pieces }: RecordedStream): number =>
  pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);

t.test('1 B to 1 MiB, both directions, 8 threads', { skip }, async (t) => {
  t.setTimeout(180_000);
  const command: Command = [compileTrigger('tls-bytes')];

  await t.test('every byte is captured where it belongs', async (t) => {
    const sensor = { ring_bytes: { payload: 128 * MIB } };
    const { output, recorded } = await record(t, sensor, {}, [command]);
    const [truth] = parseLines<Truth>(output);
    if (truth === undefined) throw new Error('the trigger printed nothing');
    t.equal(truth.bad, 0);
    t.equal(account(recorded, 'payload').dropped, 0, 'nothing was lost');
    t.equal(recorded.invalid, 0);
    const mine = recordedStreams(recorded.events).filter(({ pid }) => pid === truth.pid);
    const all = contents(truth);
    // Each content is written once and read once.
    t.equal(mine.length, all.length * 2);
    for (const direction of ['write', 'read'] as const) {
      const found = mine.filter((s) => s.direction === direction).map((s) => contentOf(s, all));
      t.same(
        found.sort((a, b) => a - b),
        [...all.keys()],
        `each content is ${direction} once`,
      );
    }
    for (const stream of mine) {
      t.same([captured(stream), stream.limitBytes, stream.lostBytes], [truth.stream_bytes, 0, 0]);
    }
    t.equal(recorded.accounting.payloadBytesForeign, 0, 'nothing of anybody else was copied');
  });

  await t.test('what passes the limit is declared', async (t) => {
    const sensor = { ring_bytes: { payload: 128 * MIB } };
    const capture = { max_message_bytes: LIMIT };
    const { output, recorded } = await record(t, sensor, capture, [command]);
    const [truth] = parseLines<Truth>(output);
    if (truth === undefined) throw new Error('the trigger printed nothing');
    t.equal(account(recorded, 'payload').dropped, 0, 'nothing was lost');
    const mine = recordedStreams(recorded.events).filter(({ pid }) => pid === truth.pid);
    const all = contents(truth);
    for (const stream of mine) {
      t.not(contentOf(stream, all), -1, 'what was captured is what was sent, at its place');
      t.equal(captured(stream) + stream.limitBytes, truth.stream_bytes);
      t.equal(stream.lostBytes, 0);
    }
    const cut = mine.filter(({ limitBytes }) => limitBytes > 0);
    t.equal(cut.length, all.length, 'writes are longer than the limit; reads are a record each');
  });

  await t.test('what a small ring loses is counted, and the rest is true', async (t) => {
    const sensor = { ring_bytes: { payload: 64 * 1024 } };
    const { output, recorded, lines } = await record(t, sensor, {}, [command]);
    const [truth] = parseLines<Truth>(output);
    if (truth === undefined) throw new Error('the trigger printed nothing');
    const { dropped, residual } = account(recorded, 'payload');
    t.ok(dropped > 0, 'the ring was too small');
    t.equal(residual, 0, 'emitted = delivered + dropped');
    const told = ofKind(lines, 'gap').filter(({ gap }) => gap?.stage === 'payload');
    const count = told.reduce((sum, { gap }) => sum + Number(gap?.count), 0);
    t.equal(count, dropped, 'and the journal says so, in gaps');
    const all = contents(truth).map((content) => Buffer.from(content));
    const untrue = recorded.events.filter(
      (event) =>
        event.kind === 'tls_data' &&
        event.key.tgid === truth.pid &&
        !all.some((content) => content.includes(Buffer.from(event.bytes))),
    );
    t.equal(untrue.length, 0, 'every captured piece is a piece of what was sent');
  });
});

t.test('writes that fail first or are taken in part', { skip }, async (t) => {
  const retry = compileTrigger('tls-retry');
  const commands: readonly Command[] = [
    [retry, 'retry'],
    [retry, 'partial'],
  ];
  const { output, recorded } = await record(t, {}, {}, commands);
  const truths = parseLines<Retry>(output);
  t.equal(truths.length, 2);
  const streams = recordedStreams(recorded.events);
  for (const [index, truth] of truths.entries()) {
    const name = commands[index]?.[1] ?? '';
    const content = generate(truth.seed, truth.bytes);
    const writes = recorded.events.filter(
      (e) => e.kind === 'tls_data' && e.key.tgid === truth.pid && e.direction === 'write',
    );
    const calls = new Set(writes.map((event) => (event.kind === 'tls_data' ? event.call : 0n)));
    t.equal(calls.size, truth.successes, `${name}: a failed call is no event`);
    for (const direction of ['write', 'read'] as const) {
      const mine = streams.filter((s) => s.pid === truth.pid && s.direction === direction);
      t.equal(mine.length, 1);
      t.equal(
        mine.reduce((sum, s) => sum + captured(s), 0),
        truth.bytes,
        `${name}: ${direction}`,
      );
      t.ok(
        mine.every((s) => contentOf(s, [content]) === 0),
        `${name}: the bytes are the same`,
      );
    }
  }
  t.ok((truths[0]?.failures ?? 0) > 0, 'the first way does fail and is tried again');
  t.ok((truths[1]?.successes ?? 0) > 1, 'the second is taken in parts');
});
