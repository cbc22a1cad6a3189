import { chmodSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { NatsLink } from '../../../src/nats/index.js';
import type { LinkState, NatsSettings } from '../../../src/nats/index.js';
import { startNatsServer } from '../../helpers/nats-server.js';
import { fakeServer, infoLine, welcome } from '../../helpers/fake-nats.js';
import { natsSettings, openLink } from '../../helpers/nats-link.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';

interface Hostile {
  readonly name: string;
  readonly what: RegExp;
  readonly serve: (socket: Socket) => void;
}

/** Writes the same for ever, as fast as it is read. */
function pour(socket: Socket, bytes: Buffer): void {
  while (!socket.destroyed && socket.write(bytes));
  socket.once('drain', () => {
    pour(socket, bytes);
  });
}

/** Each costs a connection that is counted, every time, and nothing is kept. */
async function refuseAll(t: Test, servers: readonly Hostile[]): Promise<void> {
  const before = process.memoryUsage().rss;
  await Promise.all(
    servers.map(async ({ name, what, serve }) => {
      const link = openLink(t, await fakeServer(t, serve));
      await waitFor(`${name} to be met twice`, () => (link.stats().failures.protocol ?? 0) >= 2);
      t.match(link.lastError, what, name);
      t.match(link.lastError, /^protocol: /);
      await link.close();
    }),
  );
  const grown = process.memoryUsage().rss - before;
  t.ok(grown < 128 << 20, `memory grew by ${grown >> 20} MiB, the servers' own part included`);
}

t.test('a link connects in the background, and again for ever', async (t) => {
  const server = await startNatsServer(t);
  const states: LinkState[] = [];
  const link = openLink(t, server.url, { onState: (state) => states.push(state) });
  t.equal(link.state, 'connecting', 'nobody waits for it');
  await waitFor('the connection', () => link.state === 'connected');
  t.equal(link.maxPayload, 1 << 20);
  t.equal(link.lastError, null);
  await server.kill();
  await waitFor('the loss', () => link.state === 'connecting' && link.lastError !== null);
  await server.restart();
  await waitFor('the connection again', () => link.state === 'connected');
  t.equal(link.lastError, null);
  t.equal(link.stats().connects, 2);
  await link.close();
  t.equal(link.state, 'closed');
  t.same(
    states,
    ['connected', 'connecting', 'connected', 'closed'].filter((s) =>
      states.includes(s as LinkState),
    ),
  );
});

t.test('of several servers it finds the one that is there', async (t) => {
  const server = await startNatsServer(t);
  const link = NatsLink.open(
    natsSettings(['nats://127.0.0.1:1', server.url, 'nats://nowhere.invalid:4222']),
  );
  t.teardown(() => link.close());
  await waitFor('the connection', () => link.state === 'connected');
  t.equal(link.stats().server, server.url);
});

t.test('what is wrong has a class and a text', async (t) => {
  for (const [url, kind] of [
    ['nats://127.0.0.1:1', 'refused'],
    ['nats://nowhere.invalid:4222', 'dns'],
  ] as const) {
    const link = openLink(t, url);
    await waitFor(kind, () => link.stats().failures[kind]);
    t.match(link.lastError, new RegExp(`^${kind}: `));
    await link.close();
  }
});

t.test('a link that is closed while it connects ends at once', async (t) => {
  const silent = await fakeServer(t, () => undefined);
  const link = NatsLink.open(natsSettings([silent]));
  await link.close();
  t.equal(link.state, 'closed');
});

const MEGABYTES = Buffer.alloc(10 << 20, 'a');
const says = (bytes: string | Buffer) => (socket: Socket) => {
  socket.write(bytes);
};

t.test('an INFO that is none costs a reconnection and no memory', async (t) => {
  await refuseAll(t, [
    {
      name: '10 MB',
      what: /INFO is too long/,
      serve: says(Buffer.concat([Buffer.from('INFO '), MEGABYTES])),
    },
    {
      name: 'endless',
      what: /INFO is too long/,
      serve: (socket) => {
        pour(socket, MEGABYTES.subarray(0, 4096));
      },
    },
    {
      name: 'another protocol',
      what: /no NATS server/,
      serve: says('HTTP/1.1 400 Bad Request\r\n'),
    },
    { name: 'no JSON', what: /no NATS server/, serve: says('INFO {"version"\r\n') },
    { name: 'an array', what: /no NATS server/, serve: says('INFO []\r\n') },
    { name: 'null', what: /no NATS server/, serve: says('INFO null\r\n') },
    { name: 'a strange version', what: /no NATS server/, serve: says(infoLine({ version: 'x' })) },
    {
      name: 'a negative limit',
      what: /no NATS server/,
      serve: says(infoLine({ max_payload: -1 })),
    },
    { name: 'more behind it', what: /more than an INFO/, serve: says(`${infoLine()}PING\r\n`) },
  ]);
});

t.test('what is no NATS costs a reconnection and no memory', async (t) => {
  const cases: readonly (readonly [string, string | Buffer, RegExp])[] = [
    ['garbage', Buffer.from([0, 1, 2, 13, 10]), /not the NATS protocol/],
    ['a line of 10 MB', Buffer.concat([Buffer.from('-ERR '), MEGABYTES]), /longer than 64 KiB/],
    ['an INFO of 10 MB', Buffer.concat([Buffer.from('INFO '), MEGABYTES]), /longer than 64 KiB/],
    ['an INFO that is no JSON', 'INFO {\r\n', /INFO is unreadable/],
    ['a message of 1 GiB', `MSG a 1 ${2 ** 30}\r\n`, /1073741824 bytes was announced/],
    ['a message without size', 'MSG a 1\r\n', /message line is unreadable/],
    ['more headers than message', 'HMSG a 1 20 10\r\n', /message line is unreadable/],
    ['a longer message than it said', 'MSG a 1 2\r\nabcd\r\n', /not end where it said/],
    ['a line without return', 'PING\n', /without a return/],
    ['an error without text', '-ERR \r\n', /not the NATS protocol/],
  ];
  await refuseAll(
    t,
    cases.map(([name, bytes, what]) => ({
      name,
      what,
      serve: (socket) => {
        welcome(socket, says(bytes));
      },
    })),
  );
});

t.test('pings whose pongs are never read do not pile up', async (t) => {
  const pings = Buffer.from('PING\r\n'.repeat(10_000));
  const url = await fakeServer(t, (socket) => {
    welcome(socket, () => {
      socket.pause();
      pour(socket, pings);
    });
  });
  const link = openLink(t, url);
  await waitFor('the limit', () => link.stats().failures.protocol);
  t.match(link.lastError, /does not read/);
});

t.test('secrets come from files that only their owner may read', async (t) => {
  const dir = scratchDirectory(t);
  const server = await startNatsServer(t, { config: 'authorization { token: "s3cr3t-token" }' });
  const tokenFile = join(dir, 'token');
  writeFileSync(tokenFile, 's3cr3t-token\n', { mode: 0o644 });
  const notes: string[] = [];
  const settings: NatsSettings = { ...natsSettings([server.url]), tokenFile };
  const link = NatsLink.open(settings, { onNote: (text) => notes.push(text) });
  t.teardown(() => link.close());
  await waitFor('the refusal', () => link.stats().failures.auth);
  t.match(link.lastError, /auth: .*token is open to others \(mode 644\): chmod 600/);
  writeFileSync(tokenFile, 'wrong');
  chmodSync(tokenFile, 0o600);
  await waitFor('the server to refuse it', () => link.lastError?.includes('Authorization'));
  t.match(link.lastError, /^auth: .*Authorization Violation/);
  writeFileSync(tokenFile, 's3cr3t-token\n');
  await waitFor('the new token to be used', () => link.state === 'connected');
  t.notMatch(notes.join('\n'), /s3cr3t/);
});

t.test('a file that holds no secret is refused without being shown', async (t) => {
  const dir = scratchDirectory(t);
  const file = join(dir, 'secret');
  writeFileSync(file, 'hunter2 hunter3', { mode: 0o600 });
  const with_ = (more: Partial<NatsSettings>): NatsSettings => ({
    ...natsSettings(['nats://127.0.0.1:1']),
    ...more,
  });
  const cases: readonly (readonly [Partial<NatsSettings>, RegExp])[] = [
    [{ tokenFile: file }, /holds no token of one line/],
    [{ nkeyFile: file }, /holds no user nkey seed/],
    [{ credentialsFile: file }, /is no NATS credentials file/],
    [{ nkeyFile: join(dir, 'missing') }, /cannot be read: ENOENT/],
    [{ tokenFile: dir }, /is no file|open to others/],
  ];
  for (const [more, what] of cases) {
    const link = NatsLink.open(with_(more));
    await waitFor('the refusal', () => link.lastError);
    t.match(link.lastError, what);
    t.notMatch(link.lastError, /hunter/);
    await link.close();
  }
});

t.test('it follows no server that another one names', async (t) => {
  const urls = { connect_urls: ['127.0.0.1:1', '127.0.0.1:2'] };
  let connections = 0;
  const url = await fakeServer(t, (socket) => {
    connections += 1;
    welcome(socket, () => {
      socket.write(infoLine(urls));
      socket.end();
    });
  });
  const link = openLink(t, url);
  await waitFor('it to come back', () => connections >= 4);
  t.equal(link.stats().server, url);
  t.equal(link.stats().failures.refused, undefined);
});

t.test('links that connect in the same moment never share a server', async (t) => {
  const names = Array.from({ length: 12 }, (_, at) => `link-${at}`);
  const seen = new Map<string, Set<string>>();
  const links = await Promise.all(
    names.map(async (name) => {
      const heard = new Set<string>();
      seen.set(name, heard);
      const url = await fakeServer(t, (socket) => {
        socket.write(infoLine());
        socket.on('data', (chunk: Buffer) => {
          const said = /"name":"([^"]+)"/.exec(chunk.toString('latin1'))?.[1];
          if (said !== undefined) heard.add(said);
          if (chunk.includes('PING')) socket.write('PONG\r\n');
        });
      });
      return { ...natsSettings([url]), clientName: name };
    }),
  );
  for (const settings of links) {
    const link = NatsLink.open(settings);
    t.teardown(() => link.close());
  }
  await waitFor('all to connect', () => [...seen.values()].every((heard) => heard.size > 0));
  t.same(
    new Map([...seen].map(([name, heard]) => [name, [...heard]])),
    new Map(names.map((name) => [name, [name]])),
  );
});
