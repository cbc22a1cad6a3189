import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ProcessKey } from '../../../src/event/index.js';
import { groupId, openHost, readPlatform, findTool } from '../../../src/host/index.js';
import { cgroupPath } from '../../../src/host/cgroup.js';
import { kernelDev } from '../../../src/host/file-identity.js';
import { openExactly, openRegular } from '../../../src/host/files.js';
import { parseLdConf } from '../../../src/host/libraries.js';
import { listeners, wantedAddresses } from '../../../src/host/listener.js';
import { parseMaps } from '../../../src/host/maps.js';
import { capabilities, cgroupMount } from '../../../src/host/platform.js';
import { startTicks } from '../../../src/host/procfs.js';
import { parsePasswd } from '../../../src/host/users.js';

const host = openHost();
const own = host.userFact(process.geteuid?.() ?? 0);
const ownName = own.fact === 'user' ? own.user : '';

/** As exact as /proc is: any nanosecond of the tick stands for it. */
const keyOf = (pid: number): ProcessKey => {
  const ticks = startTicks(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return { tgid: pid, startNs: (ticks ?? 0n) * 10_000_000n + 4_321_000n };
};

/** A copy of cat that waits for its standard input, which nobody closes before the test ends. */
const startCopy = async (
  t: Test,
  name: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; key: ProcessKey; file: string }> => {
  const dir = t.testdir({});
  const file = join(dir, name);
  copyFileSync('/bin/cat', file);
  chmodSync(file, 0o755);
  const child = spawn(file, args, { cwd: dir, env, stdio: ['pipe', 'pipe', 'ignore'] });
  t.teardown(() => child.kill('SIGKILL'));
  child.stdin.write('up\n');
  await once(child.stdout, 'data');
  return { child, key: keyOf(child.pid ?? 0), file };
};

t.test('a process is described, with those variables only that were asked for', async (t) => {
  const { key, file } = await startCopy(t, 'bot', ['-u', '-'], { AA_AGENT_ID: 'a=b', OTHER: 'x' });
  const fact = host.processFact(key, ['AA_AGENT_ID', 'ABSENT']);
  t.match(fact, { fact: 'process', key, gone: false, exe: file, argv: [file, '-u', '-'] });
  const { ino, dev } = statSync(file, { bigint: true });
  t.match(fact, { file: { inode: ino, dev: kernelDev(dev) }, cwd: join(file, '..') });
  t.match(fact, { uid: process.geteuid?.(), user: ownName });
  t.same(fact.fact === 'process' && fact.env, { AA_AGENT_ID: 'a=b' });
  t.notOk('env' in host.processFact(key, []), 'nothing was asked for');
});

t.test('another process under the same pid is not described', async (t) => {
  const { key, child } = await startCopy(t, 'bot');
  const other = { ...key, startNs: key.startNs + 10_000_000n };
  t.same(host.processFact(other, []), { fact: 'process', key: other, gone: true });
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.match(host.processFact(key, []), { gone: true });
});

t.test('the name of a process may be anything', async (t) => {
  const { key } = await startCopy(t, 'a) R 1 1 (');
  t.match(host.processFact(key, []), { gone: false });
  t.equal(startTicks(`7 (a) R 1 1\n\u001b[2J) S ${'1 '.repeat(18)}4711 9`), 4711n);
  for (const odd of ['', '7 (x', '7 (x) S 1 2', `7 (x) S ${'1 '.repeat(18)}x`]) {
    t.equal(startTicks(odd), null);
  }
});

t.test(
  'a deleted executable loses the word the kernel appends, a file called so keeps it',
  async (t) => {
    const named = await startCopy(t, 'bot (deleted)');
    t.match(host.processFact(named.key, []), { exe: named.file });
    rmSync(named.file);
    t.match(host.processFact(named.key, []), { exe: named.file });
  },
);

t.test('a deleted executable is known by its name', async (t) => {
  const { key, file } = await startCopy(t, 'bot');
  rmSync(file);
  t.match(host.processFact(key, []), { exe: file });
});

t.test("the dynamic linker's directories", async (t) => {
  t.same(parseLdConf('include /etc/ld.so.conf.d/*.conf\n# no\n/opt/lib # yes\nhwcap 1 x\n'), {
    dirs: ['/opt/lib'],
    includes: ['/etc/ld.so.conf.d/*.conf'],
  });
});

t.test('what is no regular file is not opened for reading, and nothing blocks', async (t) => {
  const dir = t.testdir({});
  execFileSync('mkfifo', [join(dir, 'libssl.so.3')]);
  mkdirSync(join(dir, 'd'));
  symlinkSync('/dev/zero', join(dir, 'z'));
  for (const name of ['libssl.so.3', 'd', 'z']) {
    t.match(openRegular(join(dir, name)), { ok: false, reason: 'not a regular file' });
  }
  t.match(openRegular(join(dir, 'none')), { ok: false, reason: 'ENOENT' });
  t.equal(openExactly('/bin/cat', { dev: 1n, inode: 1n }), null);
});

t.test(
  'the owner of a listener is found by its socket, exact address before wildcard',
  async (t) => {
    const server = createServer();
    t.teardown(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const owner = { uid: process.geteuid?.(), exe: process.execPath };
    const ask = (listen: string, netns = 0) =>
      host.listenerFact({ listen, netns, near: { tgid: process.pid, startNs: 1n } });
    t.match(ask(`127.0.0.1:${port}`), { fact: 'listener', seen: true, owner });
    const ours = Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]);
    t.match(ask(`127.0.0.1:${port}`, ours), { seen: true, owner });
    t.match(ask(`127.0.0.2:${port}`), { seen: true, owner: null });
    t.match(ask(`[::1]:${port}`), { seen: true, owner: null });
    t.match(ask('nonsense'), { owner: null });
    t.match(ask(`127.0.0.1:${port}`, 1), { seen: false, owner: null }, 'nobody lives there');
  },
);

t.test('addresses are looked for as the kernel prints them', async (t) => {
  t.same(wantedAddresses('127.0.0.1:8899'), [
    '0100007F:22C3',
    '0000000000000000FFFF00000100007F:22C3',
    '00000000:22C3',
    '00000000000000000000000000000000:22C3',
  ]);
  t.equal(wantedAddresses('[2001:db8::1]:80')?.[0], 'B80D0120000000000000000001000000:0050');
  t.equal(wantedAddresses('[::ffff:127.0.0.1]:80')?.[0], '0000000000000000FFFF00000100007F:0050');
  const table = `  sl  local_address rem_address   st
   0: 0100007F:22C3 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1
   1: 0100007F:22C4 0100007F:1111 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1
   odd`;
  t.same([...listeners(table)], [['0100007F:22C3', '4711']]);
});

t.test('executable mappings are taken once a file, whatever their names hold', async (t) => {
  const text = `00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus
00652000-00655000 rw-p 00052000 08:02 173521      /usr/bin/dbus
35b1800000-35b1820000 r-xp 00000000 08:02 135522 /tmp/a\\012b/libssl.so.3 (deleted)
35b1900000-35b1920000 r-xp 00000000 08:02 135522 /again
7ffc-7ffd r-xp 00000000 00:00 0 [vdso]
odd`;
  t.same(parseMaps(text), [
    { range: '400000-452000', file: '08:02:173521', inode: 173521n, path: '/usr/bin/dbus' },
    {
      range: '35b1800000-35b1820000',
      file: '08:02:135522',
      inode: 135522n,
      path: '/tmp/a\nb/libssl.so.3 (deleted)',
    },
  ]);
});

t.test("the cgroup is that of version 2, or systemd's where that holds nothing", async (t) => {
  t.equal(cgroupPath('0::/a/b\n'), '/a/b');
  t.equal(cgroupPath('2:cpu:/c\n1:name=systemd:/s\n0::/\n'), '/s', 'version 2 holds nothing');
  t.equal(cgroupPath('odd'), null);
});

t.test('accounts, mounts, capabilities and devices are read as their formats say', async (t) => {
  t.same(
    [...parsePasswd('root:x:0:0::/root:/bin/sh\ntoor:x:0:0\nodd\nx:y:z\na:x:7:7')],
    [
      [0, 'root'],
      [7, 'a'],
    ],
  );
  t.match(host.userFact(0), { fact: 'user', uid: 0, user: 'root' });
  t.match(host.userFact(4_000_000_000), { user: '4000000000' });
  t.equal(groupId('root'), 0);
  t.equal(groupId('no such group'), null);
  t.equal(cgroupMount('cgroup /a cgroup rw 0 0\nnone /b\\040c cgroup2 rw 0 0\n'), '/b c');
  t.equal(cgroupMount('proc /proc proc rw 0 0'), null);
  t.same(capabilities('CapEff:\t0000008000001000\n'), ['CAP_NET_ADMIN', 'CAP_BPF']);
  t.same(capabilities('nothing'), []);
  t.equal(kernelDev(0xfe01n), (0xfen << 20n) | 1n);
  t.equal(kernelDev((0x1234n << 8n) & 0xfff00n), 0x234n << 20n);
  t.match(readPlatform(), { kernel: /^\d+\.\d+/, bootId: /^[0-9a-f-]{36}$/ });
  t.equal(findTool('no-such-tool'), null);
  t.type(findTool('cat'), 'string');
});
