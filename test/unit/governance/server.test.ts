import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  GovernanceServer,
  governanceSocketPath,
  type Declaration,
  type GovernanceBackend,
  type Limits,
} from '../../../src/governance/index.js';
import { followJson, startChild } from '../../helpers/children.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';

interface Peer {
  readonly uid: number;
  readonly fd: number;
}

const DECLARE = '{"v":1,"type":"declare","action":"llm","host":"api.openai.com","port":443}\n';
const REGISTER = '{"v":1,"type":"register","agent":"acme/payments/bot","name":"Bot"}\n';

/** A server with a clock that stands still, and what reached it. */
const serve = async (
  t: Test,
  limits: Partial<Limits> = {},
  replaced: Partial<GovernanceBackend<Peer>> = {},
) => {
  const declared: Declaration[] = [];
  const registered: unknown[] = [];
  const present = new Set<Peer>();
  const server = new GovernanceServer<Peer>(
    {
      arrived: (fd) => {
        const peer = { uid: 7, fd };
        present.add(peer);
        return peer;
      },
      left: (peer) => present.delete(peer),
      register: async (_peer, agent, name) => {
        registered.push([agent, name]);
        return { ok: true, id: agent, session: 's1' };
      },
      declare: (_peer, declaration) => ({ ok: true, id: String(declared.push(declaration)) }),
      ...replaced,
    },
    limits,
    () => 0,
  );
  const path = governanceSocketPath(scratchDirectory(t));
  await server.listen(path);
  t.teardown(async () => server.close());
  return { path, server, declared, registered, present };
};

const open = async (t: Test, path: string): Promise<Socket> => {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
};

/** Says all of it, and hears everything until the server has nothing more to say. */
const talk = async (t: Test, path: string, text: string | Buffer): Promise<Answer[]> => {
  const socket = await open(t, path);
  socket.end(text);
  return hear(socket);
};

interface Answer {
  readonly ok: boolean;
  readonly id?: string;
  readonly error?: string;
}

const hear = async (socket: Socket): Promise<Answer[]> => {
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += String(chunk)));
  await new Promise<void>((resolve) => {
    const done = (): void => {
      resolve();
    };
    socket.on('end', done);
    socket.on('close', done);
    if (socket.destroyed) done();
  });
  socket.destroy();
  return answer
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Answer);
};

t.test('everybody may speak, and hears an answer a line, in order', async (t) => {
  const { path, server, declared, registered } = await serve(t);
  t.equal(statSync(path).mode & 0o777, 0o666);
  t.same(await talk(t, path, `${REGISTER}${DECLARE}nonsense\n${DECLARE}`), [
    { ok: true, id: 'acme/payments/bot', session: 's1' },
    { ok: true, id: '1' },
    { ok: false, error: 'the message is not JSON in UTF-8' },
    { ok: true, id: '2' },
  ]);
  t.same(registered, [['acme/payments/bot', 'Bot']]);
  t.match(declared, [{ action: 'llm', port: 443 }, {}]);
  await waitFor('the end', () => server.stats().connections === 0);
  t.match(server.stats(), { accepted: 1, messages: 3, invalid: 1, refused: 0 });
});

t.test('a slow registration does not let a later message overtake it', async (t) => {
  let settle: (() => void) | null = null;
  const { path, declared } = await serve(
    t,
    {},
    {
      register: async () =>
        new Promise((resolve) => {
          settle = () => {
            resolve({ ok: false, error: 'no' });
          };
        }),
    },
  );
  const socket = await open(t, path);
  socket.end(REGISTER + DECLARE);
  const heard = hear(socket);
  const decide = await waitFor('the registration', () => settle);
  t.same(declared, []);
  decide();
  t.same(await heard, [
    { ok: false, error: 'no' },
    { ok: true, id: '1' },
  ]);
});

t.test('half a line is no message, and a connection may end without a word', async (t) => {
  const { path, declared, server } = await serve(t);
  t.same(await talk(t, path, DECLARE.slice(0, -1)), [
    { ok: false, error: 'a message ends with a newline' },
  ]);
  t.same(await talk(t, path, ''), []);
  t.same(declared, []);
  t.match(server.stats(), { invalid: 1 });
});

t.test('an endless line is refused at 8 KiB, binary at its first newline', async (t) => {
  const { path, server } = await serve(t);
  for (const text of [Buffer.alloc(1 << 20, 97), Buffer.alloc(1 << 20)]) {
    t.same(await talk(t, path, text), [{ ok: false, error: 'a message has at most 8192 bytes' }]);
  }
  const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  t.match(await talk(t, path, Buffer.concat([binary, Buffer.from('\n')])), [
    { ok: false, error: /UTF-8/ },
    { ok: false, error: /UTF-8/ },
  ]);
  await waitFor('the end', () => server.stats().connections === 0);
  t.match(await talk(t, path, DECLARE), [{ ok: true }], 'others are served');
});

t.test('what is over the rate is refused by answer, and the connection stays', async (t) => {
  const { path, server, declared } = await serve(t, { messagesPerSecond: 3, restMs: 0 });
  const answers = await talk(t, path, DECLARE.repeat(5));
  t.match(answers.slice(0, 3), [{ ok: true }, { ok: true }, { ok: true }]);
  const error = 'more than 3 messages a second: say it again later';
  t.same(answers.slice(3), [
    { ok: false, error },
    { ok: false, error },
  ]);
  t.equal(declared.length, 3);
  t.match(server.stats(), { messages: 3, limited: 2 });
});

t.test('a user that comes back with new connections is over its rate too', async (t) => {
  const { path } = await serve(t, { messagesPerSecondPerUid: 2, restMs: 0 });
  t.match(await talk(t, path, DECLARE), [{ ok: true }]);
  t.match(await talk(t, path, DECLARE), [{ ok: true }]);
  t.same(await talk(t, path, DECLARE), [
    { ok: false, error: 'more than 2 messages a second of one user: say it again later' },
  ]);
});

t.test('nothing is read while a client that says too much rests', async (t) => {
  const { path, server } = await serve(t, { messagesPerSecond: 1, restMs: 3_600_000, idleMs: 300 });
  const socket = await open(t, path);
  socket.write(DECLARE.repeat(1000));
  await waitFor('the refusal', () => server.stats().limited === 1);
  const flood = Buffer.from(DECLARE.repeat(100));
  while (socket.write(flood));
  await waitFor('the end', () => server.stats().connections === 0);
  t.match(server.stats(), { messages: 1, limited: 1, idle: 1 });
});

t.test('there is a limit of connections of one user, and of all', async (t) => {
  const uids = [7, 7, 7, 8, 9];
  const { path, server, present } = await serve(
    t,
    { connections: 4, connectionsPerUid: 2 },
    { arrived: (fd) => ({ uid: uids.shift() ?? 0, fd }), left: () => undefined },
  );
  const held = [await open(t, path), await open(t, path)];
  t.same(await hear(await open(t, path)), [
    { ok: false, error: 'more than 2 connections of uid 7: say it again later' },
  ]);
  held.push(await open(t, path), await open(t, path));
  await waitFor('four', () => server.stats().connections === 4);
  t.same(await hear(await open(t, path)), [
    { ok: false, error: 'more than 4 connections: say it again later' },
  ]);
  t.match(server.stats(), { connections: 4, refused: 2 });
  for (const socket of held) socket.destroy();
  await waitFor('room', () => server.stats().connections === 0);
  t.match(await talk(t, path, DECLARE), [{ ok: true }]);
  t.equal(present.size, 0);
});

t.test('whoever was turned away and does not go is cut off', async (t) => {
  const { path, server } = await serve(t, { connections: 0, goodbyeMs: 100 });
  const stubborn = await open(t, path);
  let heard = '';
  stubborn.on('data', (chunk: Buffer) => (heard += String(chunk)));
  await waitFor('the last word', () => stubborn.readableEnded);
  t.match(heard, /^\{"ok":false,"error":"more than 0/);
  await waitFor('it to be cut off', () => {
    if (!stubborn.destroyed) stubborn.write('x');
    return stubborn.destroyed;
  });
  t.match(server.stats(), { connections: 0, refused: 1 });
});

t.test(
  'three hundred connections at once are answered or refused, and leave nothing',
  async (t) => {
    const { path, server, present } = await serve(t);
    const answers = await Promise.all(
      Array.from({ length: 300 }, async () => {
        const socket = connect(path);
        socket.on('error', () => undefined);
        socket.write(DECLARE);
        let answer = '';
        try {
          for await (const chunk of socket) {
            answer += String(chunk);
            if (answer.endsWith('\n')) break;
          }
        } catch {
          // Cut off without a word: too many were being turned away.
        }
        return answer;
      }),
    );
    t.ok(answers.filter((answer) => answer.includes('"ok":true')).length >= 32);
    await waitFor('the end', () => server.stats().connections === 0 && present.size === 0);
    const { accepted, messages, refused } = server.stats();
    t.equal(accepted, 300);
    t.equal(messages + refused, 300);
  },
);

t.test('silence ends a connection, and a byte now and then is silence', async (t) => {
  const { path, server } = await serve(t, { idleMs: 50 });
  const silent = await open(t, path);
  const dripping = await open(t, path);
  const drip = setInterval(() => dripping.write('x'), 5);
  t.teardown(() => {
    clearInterval(drip);
  });
  t.same(await Promise.all([hear(silent), hear(dripping)]), [[], []]);
  await waitFor('the end', () => server.stats().connections === 0);
  t.equal(server.stats().idle, 2);
});

t.test('a client that takes no answers is read no further, and cut off', async (t) => {
  const { path, server } = await serve(t, {
    idleMs: 300,
    messagesPerSecond: 1e9,
    messagesPerSecondPerUid: 1e9,
  });
  const socket = await open(t, path);
  socket.pause();
  const flood = Buffer.from('\n'.repeat(65_536));
  const fill = (): void => {
    while (!socket.destroyed && socket.write(flood));
  };
  socket.on('drain', fill);
  fill();
  await waitFor('it to be stuck', () => server.stats().idle === 1);
  t.ok(server.stats().invalid < 100_000, 'it was not read to the end');
  await waitFor('the end', () => server.stats().connections === 0);
});

t.test('a backend that fails or is late is an answer', async (t) => {
  const { path, server } = await serve(
    t,
    { answerMs: 1 },
    {
      register: async () => new Promise(() => undefined),
      declare: () => {
        throw new Error('secret');
      },
    },
  );
  const error = 'watchfloor could not answer: see its log';
  t.same(await talk(t, path, REGISTER + DECLARE), [
    { ok: false, error },
    { ok: false, error },
  ]);
  t.match(server.stats(), { unanswered: 2 });
});

t.test('whoever the kernel does not name is told so', async (t) => {
  const { path, server } = await serve(
    t,
    {},
    {
      arrived: () => {
        throw new Error('EMFILE');
      },
    },
  );
  t.same(await hear(await open(t, path)), [
    { ok: false, error: 'watchfloor could not ask the kernel who this is' },
  ]);
  t.match(server.stats(), { refused: 1, connections: 0 });
});

t.test('the server takes the place of a dead one, and leaves none of its own', async (t) => {
  const path = join(scratchDirectory(t), 'governance.sock');
  writeFileSync(path, '');
  const nobody: GovernanceBackend<Peer> = {
    arrived: (fd) => ({ uid: 1, fd }),
    left: () => undefined,
    register: async () => ({ ok: false, error: '' }),
    declare: () => ({ ok: false, error: '' }),
  };
  const server = new GovernanceServer<Peer>(nobody);
  await server.close();
  await server.listen(path);
  const socket = await open(t, path);
  await waitFor('the connection', () => server.stats().connections === 1);
  await server.close();
  t.same(await hear(socket), []);
  t.equal(server.stats().connections, 0);
  t.notOk(existsSync(path));
  const nowhere = new GovernanceServer<Peer>(nobody);
  await t.rejects(
    nowhere.listen(join(path, 'no', 'directory')),
    { code: 'EACCES' },
    'as libuv says it of a directory that is not there',
  );
});

/** Says the same whenever it is told to, and tells what it heard: without a descriptor of this process. */
const CLIENT = `
import socket, sys
for line in sys.stdin:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        try:
            connection.connect(sys.argv[1])
            connection.sendall(line.encode())
            heard = connection.recv(4096).decode().strip()
        except OSError as error:
            heard = ''
    print('{"heard":' + (heard or 'null') + '}', flush=True)
`;

/** Sets how many descriptors this process may have, and gives how many it could. */
const softLimit = (nofile: number): number => {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  spawnSync('prlimit', [`--pid=${process.pid}`, `--nofile=${nofile}:`]);
  return Number(/^Max open files +(\d+)/m.exec(limits)?.[1]);
};

t.test('without a free descriptor it goes on, and serves again when there is one', async (t) => {
  const { path, server } = await serve(t);
  const child = startChild(t, ['python3', '-c', CLIENT, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const heard = followJson<{ heard: Answer | null }>(child);
  child.stdin?.write(DECLARE);
  await waitFor('the first answer', () => heard.length === 1);
  const before = softLimit(readdirSync('/proc/self/fd').length + 20);
  const taken: number[] = [];
  t.throws(
    () => {
      for (;;) taken.push(openSync('/dev/null', 'r'));
    },
    { code: 'EMFILE' },
  );
  child.stdin?.write(DECLARE);
  await waitFor('it to be noticed', () => heard.length === 2 || server.stats().failed > 0);
  for (const fd of taken) closeSync(fd);
  softLimit(before);
  child.stdin?.write(DECLARE);
  await waitFor('the last answer', () => heard.length === 3);
  t.match(heard[0], { heard: { ok: true } });
  t.match(heard[2], { heard: { ok: true } });
});
