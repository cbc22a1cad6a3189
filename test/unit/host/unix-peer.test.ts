import { readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ProcessKey, UnixPeerFact } from '../../../src/event/index.js';
import { openHost, type ExactKeys } from '../../../src/host/index.js';
import { socketInside } from '../../../src/host/inside.js';
import { startTicks } from '../../../src/host/procfs.js';
import { asPrinted, parseUnixTable } from '../../../src/host/unix-table.js';
import { followJson, startChild, withoutRunner, type Command } from '../../helpers/children.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';

const NETNS = Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]);
const isRoot = process.geteuid?.() === 0;

const ticksOf = (pid: number): bigint =>
  startTicks(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? 0n;
/** What the kernel knows and `/proc` rounds. */
const EXACT_NS = 4_321_000n;
const exactKeys: ExactKeys = (pids) =>
  pids.map(({ pid, ticks }) => ({ tgid: pid, startNs: ticks * 10_000_000n + EXACT_NS }));
const keyOf = (pid: number): ProcessKey => ({
  tgid: pid,
  startNs: ticksOf(pid) * 10_000_000n + EXACT_NS,
});
const host = openHost({ exactKeys });

/** Runs Python that has `ready()` at hand; resolves with its pid once that was called. */
const startPython = async (t: Test, script: string, cwd: string, before: string[] = []) => {
  const head = `import json, os, socket, sys, time
def ready(): print(json.dumps({'pid': os.getpid()}), flush=True)
def listen(name, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_UNIX, kind); s.bind(name)
    if kind != socket.SOCK_DGRAM: s.listen()
    return s
`;
  const command = [...before, 'python3', '-c', `${head}${script}\nsys.stdin.read()`];
  const child = startChild(t, withoutRunner(command as unknown as Command), {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = followJson<{ pid: number }>(child);
  const { pid } = await waitFor('the script', () => lines[0]);
  return keyOf(pid);
};

const self = keyOf(process.pid);
const ask = (path: string, near = self, netns = NETNS): UnixPeerFact => {
  const fact = host.unixPeerFact({ do: 'look_up_unix_peer', path, netns, near });
  if (fact.fact !== 'unix_peer') throw new Error(fact.fact);
  return fact;
};
const pidsAt = (path: string, near = self): number[] =>
  ask(path, near).peers.map(({ key }) => key.tgid);

t.test('the listener at a path is found, with its exact key', async (t) => {
  const dir = scratchDirectory(t);
  const key = await startPython(t, "s = listen('a.sock'); ready()", dir);
  const path = join(dir, 'a.sock');
  const fact = ask(path);
  t.match(fact, { fact: 'unix_peer', path, netns: NETNS });
  t.match(fact.peers, [
    { key, exe: readlinkSync(`/proc/${key.tgid}/exe`), uid: process.geteuid?.() },
  ]);
  t.same(ask(join(dir, 'none.sock')).peers, []);
  t.same(ask(dir).peers, [], 'no socket');
});

t.test('datagram and packet sockets, and abstract names', async (t) => {
  const dir = scratchDirectory(t);
  const key = await startPython(
    t,
    `s = [listen('d', socket.SOCK_DGRAM), listen('q', socket.SOCK_SEQPACKET),
      listen(b'\\0wf-test-${process.pid}\\0x')]; ready()`,
    dir,
  );
  for (const name of [join(dir, 'd'), join(dir, 'q')]) t.same(pidsAt(name), [key.tgid], name);
  t.same(pidsAt(`@wf-test-${process.pid}@x`), [key.tgid]);
  t.same(pidsAt(`@wf-test-${process.pid}\0x`), [key.tgid]);
  t.same(pidsAt(`@wf-test-${process.pid}`), [], 'a part of the name');
});

t.test('every holder of the socket is a peer, and this process never', async (t) => {
  const dir = scratchDirectory(t);
  const key = await startPython(
    t,
    `s = listen('a.sock')
pid = os.fork()
if pid == 0: sys.stdin.read(); os._exit(0)
print(json.dumps({'pid': os.getpid(), 'child': pid}), flush=True)`,
    dir,
  );
  const pids = pidsAt(join(dir, 'a.sock'));
  t.equal(pids.length, 2);
  t.ok(pids.includes(key.tgid));
  const server = createServer();
  t.teardown(() => server.close());
  server.listen(join(dir, 'own.sock'));
  await once(server, 'listening');
  t.same(pidsAt(join(dir, 'own.sock')), []);
});

t.test('a link, a relative path and another name of the file do not hide it', async (t) => {
  const dir = scratchDirectory(t);
  const key = await startPython(
    t,
    `s = listen('a.sock'); os.symlink('a.sock', 'l'); os.symlink(os.path.abspath('l'), 'll')
os.link('a.sock', 'h'); os.mkdir('d'); ready()`,
    dir,
  );
  for (const name of ['l', 'll', 'h', 'd/../a.sock'])
    t.same(pidsAt(join(dir, name)), [key.tgid], name);
  const client = await startPython(t, 'ready()', join(dir, 'd'));
  t.same(pidsAt('../a.sock', client), [key.tgid]);
  t.same(pidsAt('a.sock', client), [], 'from its own directory');
});

t.test('a renamed socket is found, also when something else has its old name', async (t) => {
  const dir = scratchDirectory(t);
  const key = await startPython(
    t,
    "s = listen('a'); os.rename('a', 'b'); decoy = listen('a'); ready()",
    dir,
  );
  t.ok(pidsAt(join(dir, 'b')).includes(key.tgid));
});

t.test('when who asked has ended the name is all there is', async (t) => {
  const dir = scratchDirectory(t);
  const key = await startPython(t, "s = listen('a'); ready()", dir);
  const ended = { ...self, startNs: 1n };
  t.same(pidsAt(join(dir, 'a'), ended), [key.tgid]);
  t.same(pidsAt(join(dir, 'none'), ended), []);
});

t.test('a socket that lost its name is found by the name it was bound to', async (t) => {
  const dir = scratchDirectory(t);
  const key = await startPython(t, "s = listen('a'); os.unlink('a'); ready()", dir);
  t.same(pidsAt(join(dir, 'a')), [key.tgid]);
  const elsewhere = await startPython(t, 'ready()', '/');
  t.same(pidsAt('a', elsewhere), [], 'the same letters in another directory');
});

t.test('a path with a newline may add a peer, and hides none', async (t) => {
  const dir = scratchDirectory(t);
  const victim = await startPython(t, "s = listen('v'); ready()", dir);
  const inode = parseUnixTable(readFileSync('/proc/net/unix', 'utf8')).find(
    ({ path }) => path === 'v',
  )?.inode;
  t.type(inode, 'string');
  const line = `a\n00: 00000002 00000000 00010000 0001 01 ${inode} ${dir}/evil`;
  const forger = await startPython(
    t,
    `os.makedirs(os.path.dirname(${JSON.stringify(line)}), exist_ok=True)
os.symlink(os.path.abspath('.'), 'here'); s = listen(${JSON.stringify(line)}); e = listen('evil'); ready()`,
    dir,
  );
  t.ok(pidsAt(join(dir, 'evil')).includes(forger.tgid));
  t.same(pidsAt(join(dir, 'v')), [victim.tgid]);
  t.ok(pidsAt(join(dir, line)).includes(forger.tgid));
});

t.test('paths mean what they mean in the mounts of who asks', { skip: !isRoot }, async (t) => {
  const dir = scratchDirectory(t);
  const outer = await startPython(t, "s = listen('real'); os.mkdir('mnt'); ready()", dir);
  const mnt = join(dir, 'mnt');
  const inner = await startPython(
    t,
    `import subprocess
subprocess.check_call(['mount', '-t', 'tmpfs', 'none', ${JSON.stringify(mnt)}])
os.chdir(${JSON.stringify(mnt)})
s = listen('real'); os.symlink(${JSON.stringify(join(mnt, 'real'))}, 'link')
open('bound', 'w'); subprocess.check_call(['mount', '--bind', '../real', 'bound']); ready()`,
    dir,
    ['unshare', '-m'],
  );
  t.same(pidsAt(join(mnt, 'real')), [], 'nothing is there outside');
  t.same(pidsAt(join(mnt, 'link'), inner), [inner.tgid], 'an absolute link stays inside');
  t.same(pidsAt(join(mnt, 'bound'), inner), [outer.tgid], 'mounted in, as an engine does');
});

t.test('a path reaches into another network namespace', { skip: !isRoot }, async (t) => {
  const dir = scratchDirectory(t);
  const away = await startPython(
    t,
    `s = [listen('a.sock'), listen('\\0wf-away-${process.pid}')]; ready()`,
    dir,
    ['unshare', '-n'],
  );
  t.same(pidsAt(join(dir, 'a.sock')), [away.tgid]);
  t.same(pidsAt(`@wf-away-${process.pid}`), [], 'an abstract name does not');
  const theirs = Number(/\d+/.exec(readlinkSync(`/proc/${away.tgid}/ns/net`))?.[0]);
  t.same(ask(`@wf-away-${process.pid}`, away, theirs).peers[0]?.key, away);
  t.same(ask('/x', away, 1).peers, [], 'nobody lives there');
});

t.test('the table is read as the kernel prints it', async (t) => {
  const table = `Num       RefCount Protocol Flags    Type St Inode Path
000000006c0fd1fc: 00000003 00000000 00000000 0001 03 44 /connected
000000007f080fc5: 00000002 00000000 00010000 0001 01    45 /a b
0000000000b0f417: 00000002 00000000 00010000 0005 01 46 @abstract
000000004530f47f: 00000002 00000000 00000000 0002 01 47 /dgram
000000004530f47f: 00000002 00000000 00010000 0001 01 48
odd
`;
  t.same(parseUnixTable(table), [
    { inode: '45', path: '/a b' },
    { inode: '46', path: '@abstract' },
    { inode: '47', path: '/dgram' },
  ]);
  t.equal(asPrinted('@a\0b'), '@a@b');
  t.equal(asPrinted('/a\nb'), '/a');
});

t.test('forty links lead to a socket, one more does not', async (t) => {
  const dir = scratchDirectory(t);
  const key = await startPython(
    t,
    "s = listen('0')\nfor i in range(41): os.symlink(str(i), str(i + 1))\nready()",
    dir,
  );
  t.ok(socketInside(key.tgid, '40'));
  t.equal(socketInside(key.tgid, '41'), null, 'as the kernel has it: ELOOP');
});

t.test('a circle of links, and what is no socket, is none', async (t) => {
  const dir = scratchDirectory(t);
  const key = await startPython(
    t,
    "os.symlink('b', 'a'); os.symlink('a', 'b'); os.mkfifo('f'); os.symlink('x/' * 400, 'x'); ready()",
    dir,
  );
  for (const name of ['a', 'f', 'x', 'none/x', '..'])
    t.equal(socketInside(key.tgid, name), null, name);
});
