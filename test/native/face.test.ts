import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, fstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import type * as native from '../../native/index.js';
import { WfLimits } from '../../src/decode/layout.gen.js';
import { whyNoKernel } from '../helpers/environment.js';
import { scratchDirectory } from '../helpers/scratch.js';

const skip = whyNoKernel() ?? false;
const addon = createRequire(import.meta.url)(
  '../../build/Release/watchfloor.node',
) as typeof native;
const { posix } = addon;

const OPTIONS = {
  rings: { lifecycle: 4096, network: 4096, payload: 4096 },
  cgroup: null,
  maxCallBytes: 1,
  maxProcesses: 1024,
  wakeBytes: 1,
};
const INVALID = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
type Loose = (...args: unknown[]) => unknown;

/** Two connected unix sockets, as descriptors. */
async function socketPair(t: Test) {
  const path = join(scratchDirectory(t), 'socket');
  const server = net.createServer().listen(path);
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const client = net.connect(path);
  const [peer] = await accepted;
  t.teardown(() => {
    client.destroy();
    peer.destroy();
    server.close();
  });
  return { client, peer, fds: [descriptor(client), descriptor(peer)] as const };
}

const descriptor = (socket: net.Socket): number =>
  (socket as unknown as { _handle: { fd: number } })._handle.fd;

/** A function that begins at 4096. */
const WRITE = { call: 'write', entry: 4096, returns: [] };

t.test('a sensor is not made from malformed options', async (t) => {
  const Sensor = addon.Sensor as unknown as new (...args: unknown[]) => unknown;
  const wrong: unknown[] = [
    undefined,
    null,
    7,
    {},
    { ...OPTIONS, rings: 1 },
    { ...OPTIONS, rings: { lifecycle: 4096, network: 4096 } },
    { ...OPTIONS, rings: { ...OPTIONS.rings, payload: 5000 } },
    { ...OPTIONS, rings: { ...OPTIONS.rings, payload: 2048 } },
    { ...OPTIONS, rings: { ...OPTIONS.rings, payload: 2 ** 31 } },
    { ...OPTIONS, rings: { ...OPTIONS.rings, payload: 1.5 } },
    { ...OPTIONS, cgroup: 5 },
    { ...OPTIONS, maxCallBytes: -1 },
    { ...OPTIONS, maxCallBytes: NaN },
    { ...OPTIONS, maxCallBytes: 2 ** 24 },
    { ...OPTIONS, wakeBytes: '1' },
    { ...OPTIONS, maxProcesses: 1023 },
    { ...OPTIONS, maxProcesses: 2 ** 20 + 1 },
    { ...OPTIONS, maxProcesses: undefined },
  ];
  for (const options of wrong) t.throws(() => new Sensor(options), INVALID);
  const throwing = {
    get rings(): never {
      throw new RangeError('from a getter');
    },
  };
  t.throws(() => new Sensor(throwing), { message: 'from a getter' });
  t.throws(() => (addon.Sensor as unknown as Loose)(OPTIONS));
});

t.test('malformed arguments are TypeErrors, and change nothing', { skip }, async (t) => {
  const sensor = new addon.Sensor(OPTIONS);
  t.teardown(() => {
    sensor.close();
  });
  const wrong: Record<string, unknown[][]> = {
    setCandidates: [[], ['a', [], false], [[1], [], false], [[], {}, false], [[], [], 1]],
    setVerdict: [[], [1, 1, 2], [-1, 1n, 2], [1, -1n, 2], [1, 1n << 64n, 2], [1, 1n, 9]],
    deleteVerdict: [[], [1.5, 1n], [2 ** 32, 1n]],
    setScope: [[], [1, 1n, 1], [1, 1n, 1, 1]],
    deleteScope: [[], ['1', 1n, 1, 1n], [1, 1n]],
    setEnvironment: [[], [['a'], []], [[], 'a', []], [[], [], [1]]],
    watchRelay: [[], [1], [1, 1]],
    endRelay: [[], [2 ** 32, 1n]],
    attachTls: [
      [],
      [0],
      [0, {}],
      [-1, { SSL_write: 1 }],
      [0, { SSL_write: -1 }],
      [0, { SSL_write: 1n }],
    ],
    detachTls: [[], [-1], ['x']],
    start: [
      [],
      [1, {}],
      [() => 1],
      [() => 1, {}],
      [() => 1, { pollMs: 0, maxBatchBytes: 1 << 20 }],
      [() => 1, { pollMs: 1, maxBatchBytes: 100 }],
    ],
  };
  for (const [name, calls] of Object.entries(wrong)) {
    const method = (sensor as unknown as Record<string, Loose>)[name];
    for (const args of calls)
      t.throws(() => method?.apply(sensor, args), INVALID, `${name} ${args.length}`);
  }
  const attach = Object.getOwnPropertyDescriptor(addon.Sensor.prototype, 'attach')?.value as Loose;
  t.throws(() => attach.call({}), 'a method of something else');
});

t.test('after close every call says so, and close may be called again', { skip }, async (t) => {
  const sensor = new addon.Sensor(OPTIONS);
  t.equal(sensor.wireVersion, WfLimits.WIRE_VERSION);
  sensor.close();
  sensor.close();
  const closed = { code: 'EBADF', operation: 'use sensor' };
  t.throws(() => sensor.wireVersion, closed);
  t.throws(() => sensor.programs(), closed);
  t.throws(() => sensor.seeds(), closed);
  t.throws(() => sensor.drain(), closed);
  t.throws(() => {
    sensor.start(() => undefined, { pollMs: 1, maxBatchBytes: 1 << 20 });
  }, closed);
  t.same(sensor.takeLog(), []);
});

t.test('what the machine lacks is reported, not thrown', { skip }, async (t) => {
  const sensor = new addon.Sensor({ ...OPTIONS, cgroup: '/tmp' });
  t.teardown(() => {
    sensor.close();
  });
  const states = new Map(sensor.programs().map((program) => [program.name, program]));
  t.match(states.get('wf_connect4'), {
    family: 'network',
    state: 'unsupported',
    detail: '/tmp is not a cgroup v2 mount point',
  });
  t.match(states.get('wf_exec'), { family: 'process', state: 'ready' });
  t.equal(states.get('wf_tls_write_enter')?.state, 'ready');
});

t.test('probes on a file come and go; a bad site or file is refused whole', { skip }, async (t) => {
  const sensor = new addon.Sensor(OPTIONS);
  const copy = join(scratchDirectory(t), 'libprivate.so');
  copyFileSync(process.execPath, copy);
  const fd = openSync(copy, 'r');
  t.teardown(() => {
    sensor.close();
    closeSync(fd);
  });
  const attached = (): string[] =>
    sensor
      .programs()
      .filter(({ family, state }) => family === 'tls' && state === 'attached')
      .map(({ name }) => name)
      .sort();
  const left = sensor.attachTls(fd, [{ ...WRITE, returns: [4100, 4200] }]);
  t.same(attached(), ['wf_tls_write_enter', 'wf_tls_write_exit'], 'where it leaves');
  sensor.detachTls(left);
  const id = sensor.attachTls(fd, [WRITE, { call: 'free', entry: 8192, returns: [] }]);
  t.same(attached(), ['wf_tls_free', 'wf_tls_write_enter', 'wf_tls_write_exit']);
  sensor.detachTls(id);
  t.same(attached(), []);
  sensor.detachTls(id);
  t.throws(() => sensor.attachTls(fd, [WRITE, { call: 'other', entry: 1, returns: [] }]), {
    code: 'EINVAL',
    operation: 'attach other',
  });
  t.throws(() => sensor.attachTls(fd, [{ call: '', entry: 1, returns: [] }]), { code: 'EINVAL' });
  const refused = { code: /^E/, operation: 'attach wf_tls_write_exit' };
  t.throws(() => sensor.attachTls(999, [WRITE]), refused);
  t.throws(() => sensor.attachTls(fd, [{ ...WRITE, entry: 2 ** 39 }]), refused);
  t.same(attached(), [], 'nothing is left of the refused ones');
});

t.test('peer credentials and pidfds name the process at the other end', async (t) => {
  const { fds } = await socketPair(t);
  t.same(posix.peerCredentials(fds[0]), {
    pid: process.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
  });
  t.throws(() => posix.peerCredentials(0), { operation: 'SO_PEERCRED', code: 'ENOTSOCK' });
  const pidfd = posix.pidfdOpen(process.pid);
  t.match(
    readFileSync(`/proc/self/fdinfo/${pidfd}`, 'utf8'),
    new RegExp(`Pid:\\s+${process.pid}\n`),
  );
  t.equal(posix.pidfdAlive(pidfd), true);
  closeSync(pidfd);
  t.throws(() => posix.pidfdAlive(pidfd), { code: 'EBADF', operation: 'poll of a pidfd' });
  t.throws(() => posix.pidfdOpen(0), { code: 'EINVAL', operation: 'pidfd_open' });
  try {
    const peer = posix.peerPidfd(fds[0]);
    t.match(readlinkSync(`/proc/self/fd/${peer}`), /pidfd/);
    closeSync(peer);
  } catch (error) {
    t.match(error, { code: 'ENOPROTOOPT', operation: 'SO_PEERPIDFD' }, 'before Linux 6.5');
  }
});

t.test('a pidfd tells when its process has ended', async (t) => {
  const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  const pidfd = posix.pidfdOpen(child.pid ?? 0);
  t.equal(posix.pidfdAlive(pidfd), true);
  const ended = once(child, 'exit');
  child.stdin.end();
  await ended;
  t.equal(posix.pidfdAlive(pidfd), false);
  closeSync(pidfd);
});

t.test('a lock is held by one open file at a time', async (t) => {
  const path = join(scratchDirectory(t), 'lock');
  const [first, second] = [openSync(path, 'w'), openSync(path, 'w')];
  t.equal(posix.flockExclusive(first), true);
  t.equal(posix.flockExclusive(first), true);
  t.equal(posix.flockExclusive(second), false);
  closeSync(first);
  t.equal(posix.flockExclusive(second), true);
  closeSync(second);
  t.throws(() => posix.flockExclusive(second), { code: 'EBADF', errno: 9, operation: 'flock' });
});

t.test('descriptors travel with their bytes and arrive close-on-exec', async (t) => {
  const { client, fds } = await socketPair(t);
  const path = join(scratchDirectory(t), 'sent');
  const file = openSync(path, 'w');
  // Paused sockets: Node must not read what recvmsg is to get.
  client.pause();
  posix.sendFds(fds[1], Buffer.from('two'), [file, file]);
  closeSync(file);
  const { data, fds: received } = posix.receiveFds(fds[0], 64);
  t.equal(data.toString(), 'two');
  t.equal(received.length, 2);
  for (const fd of received) {
    t.equal(fstatSync(fd).isFile(), true);
    t.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /flags:\s+02\d{6}/, 'O_CLOEXEC');
    closeSync(fd);
  }
  posix.sendFds(fds[1], Buffer.from('none'), []);
  t.same(posix.receiveFds(fds[0], 64).fds, []);
  t.throws(() => posix.receiveFds(fds[0], 64), { code: 'EAGAIN', operation: 'recvmsg' });
  t.throws(
    () => {
      posix.sendFds(fds[1], Buffer.alloc(0), [1]);
    },
    { code: 'EINVAL' },
  );
  t.throws(
    () => {
      posix.sendFds(fds[1], Buffer.from('x'), new Array<number>(254).fill(1));
    },
    { code: 'E2BIG' },
  );
  t.throws(
    () => {
      posix.sendFds(fds[1], Buffer.from('x'), [999]);
    },
    { code: 'EBADF' },
  );
});

/** A datagram socket at `address` that prints the first message it gets. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1) if sys.argv[1][0] == '@' else sys.argv[1])
print('ready', flush=True)
print(s.recv(4096).decode(), flush=True)
`;

t.test(
  'sd_notify reaches a path and an abstract address, and says when nobody asked',
  async (t) => {
    const before = process.env['NOTIFY_SOCKET'];
    t.teardown(() => {
      if (before === undefined) delete process.env['NOTIFY_SOCKET'];
      else process.env['NOTIFY_SOCKET'] = before;
    });
    delete process.env['NOTIFY_SOCKET'];
    t.equal(posix.sdNotify('READY=1'), false);
    for (const address of [
      join(scratchDirectory(t), 'notify'),
      `@watchfloor-test-${process.pid}`,
    ]) {
      const listener = spawn('python3', ['-c', LISTENER, address], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: listener.stdout });
      await once(lines, 'line');
      process.env['NOTIFY_SOCKET'] = address;
      const ended = once(lines, 'close');
      const received: string[] = [];
      lines.on('line', (line) => received.push(line));
      t.equal(posix.sdNotify('READY=1\nSTATUS=here'), true);
      await ended;
      t.same(received, ['READY=1', 'STATUS=here']);
    }
    process.env['NOTIFY_SOCKET'] = '/nowhere/at/all';
    t.throws(() => posix.sdNotify('READY=1'), { code: 'ENOENT', operation: 'sd_notify' });
    process.env['NOTIFY_SOCKET'] = 'vsock:2:1';
    t.throws(() => posix.sdNotify('READY=1'), { code: 'EAFNOSUPPORT' });
    process.env['NOTIFY_SOCKET'] = `/${'x'.repeat(200)}`;
    t.throws(() => posix.sdNotify('READY=1'), { code: 'ENAMETOOLONG' });
  },
);

t.test('the clocks are those of the kernel', async (t) => {
  const wallMs = Date.now();
  const { bootNs, wallNs } = posix.clocks();
  t.ok(wallNs / 1_000_000n >= BigInt(wallMs), 'not before a moment ago');
  t.ok(posix.clocks().bootNs >= bootNs, 'boot time does not go back');
});

t.test('a process that is not dumpable belongs to root in /proc', async (t) => {
  // As another user, because root is let through either way.
  const script = `
    const { posix } = require('./build/Release/watchfloor.node');
    const owner = () => require('node:fs').statSync('/proc/self/io').uid;
    posix.setDumpable(true);
    const dumpable = owner();
    posix.setDumpable(false);
    console.log(JSON.stringify([dumpable, owner()]));`;
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...identity,
  });
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  t.same(JSON.parse(output.toString()), [identity.uid ?? process.getuid?.(), 0]);
  t.throws(() => {
    (posix.setDumpable as unknown as Loose)(1);
  }, INVALID);
});
