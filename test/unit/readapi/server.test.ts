import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  ask,
  followRecords,
  MAX_CLIENTS,
  MAX_READERS,
  ReadApiError,
  ReadServer,
  readSocketPath,
} from '../../../src/readapi/index.js';
import type { CommittedRecord } from '../../../src/readapi/index.js';
import { LineReader, parseRequest } from '../../../src/readapi/protocol.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';

/** A journal in memory behind a server on a socket of its own. */
const serve = async (
  t: Test,
  records: CommittedRecord[],
): Promise<{ path: string; server: ReadServer; append: (bytes: Buffer) => void }> => {
  const server = new ReadServer({
    read: (after) => records.filter(({ seq }) => seq > after),
    last: () => records.at(-1)?.seq ?? 0n,
    status: () => ({ up: true }),
    agents: () => [],
    coverage: () => [{ pid: 7 }],
    explain: async (pid) => Promise.resolve(pid === 7 ? { pid } : null),
  });
  const path = readSocketPath(scratchDirectory(t));
  await server.listen(path, null);
  t.teardown(async () => server.close());
  const append = (bytes: Buffer): void => {
    const record = { seq: (records.at(-1)?.seq ?? 0n) + 1n, bytes };
    records.push(record);
    server.publish(record);
  };
  return { path, server, append };
};

const someRecords = (count: number): CommittedRecord[] =>
  Array.from({ length: count }, (_, i) => ({
    seq: BigInt(i + 1),
    bytes: Buffer.from([i & 255, 10]),
  }));

const talk = async (path: string, text: string | Buffer): Promise<string> => {
  const socket = connect(path);
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
};

t.test('requests are checked before anything is done', async (t) => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['{"v":1,"type":"status"}', { ok: true, request: { type: 'status' } }],
    ['{"v":1,"type":"tail"}', { ok: true, request: { type: 'tail', after: 0n, follow: false } }],
    [
      '{"v":1,"type":"tail","after":7,"follow":true}',
      { ok: true, request: { type: 'tail', after: 7n, follow: true } },
    ],
    ['{"v":2,"type":"status"}', { ok: false, error: 'this daemon speaks version 1' }],
    ['{"v":1,"type":"stop"}', { ok: false }],
    ['{"v":1,"type":"tail","after":-1}', { ok: false }],
    ['{"v":1,"type":"tail","after":1.5}', { ok: false }],
    ['{"v":1,"type":"tail","after":1e300}', { ok: false }],
    ['{"v":1,"type":"tail","follow":"yes"}', { ok: false }],
    ['{"v":1,"type":"explain","pid":7}', { ok: true, request: { type: 'explain', pid: 7 } }],
    ['{"v":1,"type":"explain"}', { ok: false, error: /pid is the number/ }],
    ['{"v":1,"type":"explain","pid":0}', { ok: false }],
    ['{"v":1,"type":"explain","pid":1.5}', { ok: false }],
    ['{"v":1,"type":"explain","pid":"7"}', { ok: false }],
    ['{"v":1,"type":"explain","pid":4194305}', { ok: false }],
    ['null', { ok: false }],
    ['', { ok: false }],
    ['{', { ok: false }],
  ];
  for (const [line, wanted] of cases) t.match(parseRequest(line), wanted, line);
});

t.test('lines are put together however they are cut, and an endless one is refused', async (t) => {
  const text = Buffer.from('one\n\ntwo, ünd\nthree');
  for (let cut = 0; cut <= text.length; cut++) {
    const reader = new LineReader(100);
    const lines = [
      ...(reader.push(text.subarray(0, cut)) ?? []),
      ...(reader.push(text.subarray(cut)) ?? []),
    ];
    t.same([...lines, ...(reader.push(Buffer.from('\n')) ?? [])], ['one', '', 'two, ünd', 'three']);
  }
  const reader = new LineReader(10);
  t.same(reader.push(Buffer.alloc(10, 97)), []);
  t.equal(reader.push(Buffer.alloc(1, 97)), null);
});

t.test('the socket is for owner and group, and takes the place of a dead one', async (t) => {
  const { path, server } = await serve(t, []);
  t.equal(statSync(path).mode & 0o777, 0o660);
  t.same(await ask(path, 'status'), { up: true });
  t.same(await ask(path, 'agents'), []);
  t.same(await ask(path, 'coverage'), [{ pid: 7 }]);
  t.equal(await ask(path, 'last'), 0);
  t.same(await ask(path, 'explain', { pid: 7 }), { pid: 7 });
  t.equal(await ask(path, 'explain', { pid: 8 }), null, 'no such process is an answer, too');
  await server.listen(path, null).catch((error: unknown) => {
    t.match(error, { code: 'ERR_SERVER_ALREADY_LISTEN' });
  });
});

t.test('a reader gets what there is behind a number, and the end', async (t) => {
  const records = someRecords(300);
  const { path } = await serve(t, records);
  const found: CommittedRecord[] = [];
  for await (const record of followRecords(path, 290n, false)) found.push(record);
  t.same(found, records.slice(290));
});

t.test('a following reader gets past and future without a hole or a repeat', async (t) => {
  const { path, append, server } = await serve(t, someRecords(50));
  const found: bigint[] = [];
  const reading = (async () => {
    for await (const { seq } of followRecords(path, 0n, true)) {
      found.push(seq);
      if (found.length === 100) return;
    }
  })();
  for (let i = 0; i < 25; i++) append(Buffer.alloc(9, i));
  await waitFor('the reader', () => server.livePosition() !== null);
  for (let i = 0; i < 25; i++) append(Buffer.alloc(9, i));
  await reading;
  t.same(
    found,
    Array.from({ length: 100 }, (_, i) => BigInt(i + 1)),
  );
  await waitFor('the end', () => server.stats().clients === 0);
  t.equal(server.livePosition(), null);
});

t.test('whoever asks badly is told so and counted', async (t) => {
  const { path, server } = await serve(t, []);
  t.match(await talk(path, '{"v":1,"type":"stop"}\n'), /type is one of/);
  t.match(await talk(path, Buffer.alloc(5000, 97)), /at most 4096 bytes/);
  t.equal(server.stats().invalid, 2);
  await t.rejects(ask(path.replace('.sock', '.none'), 'status'), { code: 'ENOENT' });
  t.ok((await ask(path, 'last').catch((e: unknown) => e)) === 0, 'others are served');
});

/** Connections that say `text`, kept open to the end of the test. */
const hold = async (t: Test, path: string, count: number, text: string): Promise<Socket[]> => {
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let i = 0; i < count; i++) {
    const socket = connect({ path, allowHalfOpen: true });
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(text);
  }
  return sockets;
};

t.test('more readers than there is room for are turned away, and questions are not', async (t) => {
  const { path, server } = await serve(t, []);
  await hold(t, path, MAX_READERS, '{"v":1,"type":"tail","follow":true}\n');
  await waitFor('all', () => server.stats().clients === MAX_READERS);
  const reading = (async () => {
    for await (const record of followRecords(path, 0n, true)) return record;
    return null;
  })();
  await t.rejects(reading, { name: 'ReadApiError', code: 'REFUSED' });
  t.equal(server.stats().refused, 1);
  t.same(await ask(path, 'status'), { up: true });
});

t.test('whoever does not ask, or does not go with its answer, locks nobody out', async (t) => {
  const { path, server } = await serve(t, someRecords(3));
  const said = ['', '{"v":1,', '{"v":1,"type":"status"}\n', '{"v":1,"type":"tail"}\n', 'rubbish\n'];
  await hold(t, path, MAX_READERS, '{"v":1,"type":"tail","follow":true}\n');
  for (const text of said) {
    await hold(t, path, MAX_CLIENTS, text);
    t.same(await ask(path, 'status'), { up: true }, JSON.stringify(text));
  }
  const { clients, dropped, refused } = server.stats();
  t.ok(clients <= MAX_CLIENTS, 'and there are never more');
  t.ok(dropped > MAX_CLIENTS, 'those that held a place are counted');
  t.equal(refused, MAX_CLIENTS, 'readers that came too late are told');
  t.equal(server.livePosition(), 3n, 'readers keep theirs');
});

t.test(
  'a reader that does not read is dropped and counted, the others get everything',
  async (t) => {
    const { path, append, server } = await serve(t, []);
    const lazy = connect(path);
    t.teardown(() => lazy.destroy());
    lazy.write('{"v":1,"type":"tail","follow":true}\n');
    lazy.on('error', () => undefined);
    const found: number[] = [];
    const reading = (async () => {
      for await (const { bytes } of followRecords(path, 0n, true)) {
        found.push(bytes[0] ?? -1);
        if (found.length === 200) return;
      }
    })();
    await waitFor('both', () => server.livePosition() !== null && server.stats().clients === 2);
    for (let i = 0; i < 200; i++) {
      append(Buffer.alloc(32_768, i));
      await new Promise(setImmediate);
    }
    await reading;
    t.same(
      found,
      Array.from({ length: 200 }, (_, i) => i),
    );
    t.equal(server.stats().dropped, 1);
  },
);

t.test('what answers but is no daemon is named', async (t) => {
  const { createServer } = await import('node:net');
  const path = join(scratchDirectory(t), 's');
  const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\n'));
  t.teardown(() => other.close());
  other.listen(path);
  await once(other, 'listening');
  const error: unknown = await ask(path, 'status').catch((e: unknown) => e);
  t.ok(error instanceof ReadApiError);
  t.match(error, { code: 'PROTOCOL' });
});

t.test('a slow reader of the past leaves no listener behind for each pause', async (t) => {
  const big = someRecords(64).map(({ seq }) => ({ seq, bytes: Buffer.alloc(64 * 1024) }));
  const { path } = await serve(t, big);
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on('warning', onWarning);
  t.teardown(() => process.removeListener('warning', onWarning));
  let last = 0n;
  for await (const { seq } of followRecords(path, 0n, false)) last = seq;
  t.equal(last, 64n);
  t.same(warnings, []);
});
