import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ProcessKey } from '../../../src/event/index.js';
import { openHost, type ExactKeys } from '../../../src/host/index.js';
import { describeProcesses, keysByTick } from '../../../src/host/exact-keys.js';
import { innerPid } from '../../../src/host/procfs.js';
import { established, readTable } from '../../../src/host/sockets.js';
import { SocketTables } from '../../../src/host/socket-tables.js';
import { TimeBudget } from '../../../src/host/time-budget.js';
import { startChild, type Command } from '../../helpers/children.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';

const host = openHost();
const isRoot = process.geteuid?.() === 0;
/** Field 22 of stat, read apart from what is tested. */
const ticksOf = (pid: number): bigint => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return BigInt(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '');
};
const keyOf = (pid: number): ProcessKey => ({ tgid: pid, startNs: ticksOf(pid) * 10_000_000n });

/** A copy of cat under that name, which waits for its input. */
const startAs = async (t: Test, name: string, argv0 = name) => {
  const file = join(scratchDirectory(t), name);
  copyFileSync('/bin/cat', file);
  chmodSync(file, 0o755);
  const child = spawn(file, [], { argv0, stdio: ['pipe', 'pipe', 'ignore'] });
  t.teardown(() => child.kill('SIGKILL'));
  child.stdin.write('up\n');
  await once(child.stdout, 'data');
  return { key: keyOf(child.pid ?? 0), file };
};
const namedAs = (...names: string[]): ProcessKey[] => {
  const fact = host.namedFact(names);
  if (fact.fact !== 'named') throw new Error(fact.fact);
  t.same(fact.names, names);
  return fact.processes.map(({ key }) => key);
};

t.test(
  'processes are found by the name of the file they run, not by what they call it',
  async (t) => {
    const name = `wf-named-${process.pid}`;
    const one = await startAs(t, name, 'cron');
    t.same(namedAs('absent', name), [one.key]);
    t.notOk(namedAs('cron').some(({ tgid }) => tgid === one.key.tgid));
    rmSync(one.file);
    t.same(namedAs(name), [one.key], 'an upgrade deletes the file');
    t.same(namedAs(), []);
    const link = join(scratchDirectory(t), `wf-link-${process.pid}`);
    symlinkSync((await startAs(t, `${name}-2`)).file, link);
    t.same(namedAs(`wf-link-${process.pid}`), [], 'a link is no file');
  },
);

t.test('a busybox has the name it was called by', async (t) => {
  const file = join(scratchDirectory(t), 'busybox');
  copyFileSync(process.execPath, file);
  const child = startChild(
    t,
    [file, '-e', "process.title='wf-crond'; process.stdin.resume(); console.log('up')"],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
    },
  );
  await once(child.stdout ?? child, 'data');
  t.same(namedAs('wf-crond'), [keyOf(child.pid ?? 0)]);
});

t.test(
  'keys come from who knows them exactly; another process under the pid is left out',
  async (t) => {
    const { key } = await startAs(t, `wf-exact-${process.pid}`);
    const names = [`wf-exact-${process.pid}`];
    const asked: unknown[] = [];
    const withKeys = (exactKeys: ExactKeys) =>
      openHost({
        exactKeys: (pids) => {
          asked.push(...pids);
          return exactKeys(pids);
        },
      }).namedFact(names);
    const exact = { ...key, startNs: key.startNs + 4_321n };
    t.match(
      withKeys(() => [exact]),
      { processes: [{ key: exact }] },
    );
    t.same(asked, [{ pid: key.tgid, ticks: key.startNs / 10_000_000n }]);
    t.same(
      withKeys(() => []),
      { fact: 'named', names, processes: [] },
    );
    const none = { fact: 'named', names, processes: [] };
    const later = { ...key, startNs: key.startNs + 10_000_000n };
    t.same(
      withKeys(() => [later, { tgid: 1, startNs: 1n }]),
      none,
    );
    t.same(
      describeProcesses([process.pid, 2 ** 22 + 1], keysByTick),
      [],
      'not this one, and no pid',
    );
  },
);

/** What a process may call itself: it cannot be told from the rest of the line but by the last bracket. */
const HOSTILE = ['a) R 1 1\n', '\u001b[2J\n)', ') S 0 (', '\n\n\n', 'Uid:\t0\t0\t0'];

t.test('a process that calls itself anything is described all the same', async (t) => {
  for (const name of HOSTILE) {
    const script = `import sys
open('/proc/self/comm', 'w').write(${JSON.stringify(name)}); print('up', flush=True); sys.stdin.read()`;
    const child = startChild(t, ['python3', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout ?? child, 'data');
    const key = keyOf(child.pid ?? 0);
    const fact = host.processFact(key, []);
    t.match(
      fact,
      { gone: false, uid: process.geteuid?.(), comm: name.slice(0, 15) },
      JSON.stringify(name),
    );
    t.match(host.processFact({ ...key, startNs: key.startNs + 10_000_000n }, []), { gone: true });
  }
});

t.test('odd paths of an executable and a directory come as they are', async (t) => {
  const { key, file } = await startAs(t, 'a\nb (deleted)');
  t.match(host.processFact(key, []), { exe: file });
  const moved = `${file}\n2`;
  renameSync(file, moved);
  t.match(host.processFact(key, []), { exe: moved });
});

t.test('a process that goes away in the middle is gone, and nothing throws', async (t) => {
  const names = [`wf-short-${process.pid}`];
  const { file } = await startAs(t, names[0] ?? '');
  for (let round = 0; round < 20; round += 1) {
    const child = spawn(file, [], { stdio: ['pipe', 'ignore', 'ignore'] });
    const pid = await waitFor('a pid', () => child.pid);
    const key = keyOf(pid);
    const over = once(child, 'exit');
    child.kill('SIGKILL');
    t.equal(host.processFact(key, ['A']).fact, 'process');
    t.equal(host.socketsFact(key).fact, 'sockets');
    t.equal(host.namedFact(names).fact, 'named');
    await over;
    t.same(host.socketsFact(key), { fact: 'sockets', key, gone: true, connections: [] });
    t.match(host.processFact(key, []), { gone: true });
  }
});

t.test('the pid inside is told where it is another', { skip: !isRoot }, async (t) => {
  const child = startChild(t, ['unshare', '-pf', 'cat'] as Command, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin?.write('up\n');
  await once(child.stdout ?? child, 'data');
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  const inside = keyOf(Number(children.trim()));
  t.match(host.processFact(inside, []), { gone: false, nsPid: 1 });
  t.notOk('nsPid' in host.processFact(keyOf(child.pid ?? 0), []), 'the same here');
  t.equal(innerPid('Name:\tx\nNSpid:\t400\t20\t3\n'), 3);
  t.equal(innerPid('Name:\tNSpid:\t1\t2\nNSpid:\t400\n'), null);
});

t.test('the connections a process has are told, and nobody else has them', async (t) => {
  const server = createServer();
  t.teardown(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = `import socket, sys
s = socket.create_connection(('127.0.0.1', ${port})); u = socket.socket(); print(s.getsockname()[1], flush=True); sys.stdin.read()`;
  const accepted = once(server, 'connection');
  const child = startChild(t, ['python3', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  const [socket] = (await accepted) as [Socket];
  t.teardown(() => socket.destroy());
  const key = keyOf(child.pid ?? 0);
  const srcPort = Number(line.toString());
  const one = { family: 'ipv4', srcIp: '127.0.0.1', srcPort, dstIp: '127.0.0.1', dstPort: port };
  t.same(host.socketsFact(key), { fact: 'sockets', key, gone: false, connections: [one] });
  const { key: idle } = await startAs(t, `wf-idle-${process.pid}`);
  t.same(host.socketsFact(idle), { fact: 'sockets', key: idle, gone: false, connections: [] });
});

t.test('addresses of connections are those of flows', async (t) => {
  const row = (local: string, remote: string, state = '01', inode = '7') =>
    `  0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000 0 ${inode} 1\n`;
  const table = `  sl  local_address rem_address\n${[
    row('0100007F:22C3', '0A7100CB:01BB'),
    row(
      '0000000000000000FFFF00000100007F:0050',
      '0000000000000000FFFF00000A7100CB:01BB',
      '01',
      '8',
    ),
    row(
      'B80D0120000000000000000001000000:0050',
      '00000000000000000000000001000000:01BB',
      '01',
      '9',
    ),
    row('0100007F:22C3', '0A7100CB:01BB', '0A', '10'),
    row('0100007F:22C3', '0A7100CB:01BB', '01', '11'),
    'odd\n',
    row('0100007F', 'x'),
  ].join('')}`;
  const v4 = { family: 'ipv4', srcIp: '127.0.0.1', dstIp: '203.0.113.10', dstPort: 443 };
  t.same(established(readTable(table), new Set(['7', '8', '9', '10', '12'])), [
    { ...v4, srcPort: 8899 },
    { ...v4, srcPort: 80 },
    { family: 'ipv6', srcIp: '2001:db8::1', srcPort: 80, dstIp: '::1', dstPort: 443 },
  ]);
});

t.test('the connections of a network namespace are read once for the same sockets', async (t) => {
  let nowMs = 0;
  const tables = new SocketTables(() => nowMs);
  const first = tables.of(process.pid, new Set(['1', '2']));
  nowMs = 999;
  t.equal(tables.of(process.ppid, new Set(['2'])), first, 'another process that has one of them');
  const second = tables.of(process.ppid, new Set(['2', '3']));
  t.not(second, first, 'a socket nobody asked about');
  t.equal(tables.of(process.pid, new Set(['1', '3'])), second);
  nowMs = 2000;
  t.not(tables.of(process.pid, new Set(['1'])), second);
});

t.test('searches have a quarter of the time, and always a little', async (t) => {
  let nowMs = 0;
  const budget = new TimeBudget(() => nowMs);
  /** How long a search may go on that never ends by itself. */
  const longest = () =>
    budget.spend((isOver) => {
      const began = nowMs;
      while (!isOver()) nowMs += 1;
      return nowMs - began;
    });
  t.equal(longest(), 200);
  t.equal(longest(), 20, 'nothing is left but a little');
  nowMs += 400;
  t.equal(longest(), 100);
  nowMs += 60_000;
  t.equal(longest(), 200, 'and no more, however long nobody asked');
});
