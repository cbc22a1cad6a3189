import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import type { GovernanceDoorParts } from '../../../src/daemon/governance.js';
import { KernelError } from '../../../src/kernel/index.js';
import { keyByProc, openGovernanceDoor } from '../../helpers/governance-door.js';
import { waitFor } from '../../helpers/wait.js';

const DECLARE = '{"v":1,"type":"declare","action":"llm","host":"a.example"}\n';
const REGISTER = '{"v":1,"type":"register","agent":"a/b/c"}\n';
const SELF = { pid: process.pid, uid: 7, gid: 7 };

/** A door at which the kernel says what the test wants; the peer is this process. */
const open = async (
  t: Test,
  {
    pid = process.pid,
    gone = false,
    alive = () => true,
    ...parts
  }: Partial<GovernanceDoorParts & { pid: number; gone: boolean; alive: () => boolean }> = {},
) => {
  const pidfds = new Set<number>();
  const peerPidfd = (): number => {
    const fd = openSync('/dev/null', 'r');
    pidfds.add(fd);
    return fd;
  };
  const refused = (code: string): never => {
    throw new KernelError({ message: code, code, errno: 1, operation: 'x', remedy: '' });
  };
  const door = await openGovernanceDoor(t, {
    posix: {
      peerCredentials: () => ({ ...SELF, pid }),
      peerPidfd: gone ? () => refused('ESRCH') : peerPidfd,
      pidfdOpen: () => refused('EIO'),
      pidfdAlive: alive,
    },
    clocks: () => ({ bootNs: 1000n, wallNs: 0n }),
    ...parts,
  });
  return { ...door, pidfds };
};

const say = async (path: string, text: string): Promise<unknown[]> => {
  const socket = connect({ path, allowHalfOpen: true });
  socket.end(text);
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += String(chunk)));
  await once(socket, 'end');
  return heard
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
};

t.test(
  'what is declared is about the process that says it, and has a time of its own',
  async (t) => {
    const { path, records, registrations, door } = await open(t);
    t.same(await say(path, DECLARE + DECLARE + REGISTER), [
      { ok: true, id: '1000' },
      { ok: true, id: '1001' },
      { ok: true, id: 'a/b/c', session: 'session-1' },
    ]);
    const key = keyByProc(process.pid);
    t.same(records[0], {
      ...{ layer: 'sdk', agent: null, process: key, action: 'llm', host: 'a.example' },
      ...{ port: null, tool: null, span: null, at: 1000n, validForMs: 30_000 },
    });
    t.same(registrations, [{ key, uid: 7, agent: 'a/b/c', name: null, at: 1002n }]);
    t.match(door.stats(), { accepted: 1, messages: 3, unidentified: 0 });
  },
);

t.test('a process is asked for once a connection, and let go with it', async (t) => {
  let asked = 0;
  const keyOf = (pid: number) => {
    asked += 1;
    return keyByProc(pid);
  };
  const { path, pidfds, door } = await open(t, { keyOf });
  await say(path, DECLARE.repeat(5));
  t.equal(asked, 1);
  await waitFor('the end', () => door.stats().connections === 0);
  for (const fd of pidfds)
    t.throws(
      () => {
        closeSync(fd);
      },
      { code: 'EBADF' },
    );
});

t.test('who cannot be told for certain says nothing', async (t) => {
  const other = keyByProc(1);
  const late = {
    tgid: process.pid,
    startNs: (keyByProc(process.pid)?.startNs ?? 0n) + 20_000_000n,
  };
  const cases: readonly (readonly [string, Parameters<typeof open>[1], RegExp])[] = [
    ['a pid namespace beside ours', { pid: 0 }, /pid namespace/],
    ['it has ended before', { gone: true }, /has ended/],
    ['it ended while it was looked at', { alive: () => false }, /has ended/],
    ['nobody knows it', { keyOf: () => null }, /does not know it/],
    ['the key is an older process with that pid', { keyOf: () => late }, /does not know it/],
    ['the key is of another pid', { keyOf: () => other }, /does not know it/],
  ];
  for (const [why, parts, error] of cases) {
    const { path, records, registrations, door } = await open(t, parts);
    t.match(
      await say(path, DECLARE + REGISTER),
      [
        { ok: false, error },
        { ok: false, error },
      ],
      why,
    );
    t.same([records, registrations], [[], []], why);
    t.equal(door.stats().unidentified, 2);
  }
});

t.test('a process that ends between two messages is not believed any more', async (t) => {
  const answers = [true, false];
  const { path, records } = await open(t, { alive: () => answers.shift() ?? false });
  t.match(await say(path, DECLARE + DECLARE), [{ ok: true }, { ok: false, error: /has ended/ }]);
  t.equal(records.length, 1);
});

t.test('what goes wrong behind the door is logged, once where it may come often', async (t) => {
  const { path, logged } = await open(t, {
    register: async () => Promise.reject(new Error('no pipeline')),
  });
  t.match(await say(path, REGISTER), [{ ok: false, error: /could not answer/ }]);
  t.match(logged, [/other users cannot reach/, /registration could not be answered/]);
  const broken = await open(t, {
    posix: {
      peerCredentials: () => {
        throw new KernelError({
          message: '',
          code: 'EMFILE',
          errno: 24,
          operation: 'x',
          remedy: '',
        });
      },
      peerPidfd: () => 0,
      pidfdOpen: () => 0,
      pidfdAlive: () => true,
    },
  });
  for (let i = 0; i < 3; i++)
    t.match(await say(broken.path, ''), [{ ok: false, error: /who this is/ }]);
  t.same(broken.logged.filter((message) => message.startsWith('nobody can say')).length, 1);
});
