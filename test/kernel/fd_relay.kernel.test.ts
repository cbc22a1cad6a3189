import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createServer } from 'node:net';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel, type KernelWatch } from '../helpers/kernel.js';
import { scratchDirectory } from '../helpers/scratch.js';

const skip = whyNoKernel() ?? false;

/**
 * What both sides need. The helper is nobody's: it serves a unix socket and does what it is asked for. Each is asked once.
 * use: sends three times over the descriptor it gets. take PID FD: the same over one it takes itself. open PORT: answers
 * with a connection of its own.
 */
const COMMON = `
import array, ctypes, json, os, socket, sys
RIGHTS = (socket.SOL_SOCKET, socket.SCM_RIGHTS)
def give(on, fd): on.sendmsg([b'fd'], [(*RIGHTS, array.array('i', [fd]))])
def receive(on):
    data, extra, _, _ = on.recvmsg(64, socket.CMSG_SPACE(4))
    fds = [array.array('i', part[:4])[0] for *_, part in extra]
    return data, socket.socket(fileno=fds[0]) if fds else None
def thrice(sock):
    for _ in range(3): sock.send(b'hello')
`;
const HELPER = `${COMMON}
PIDFD_GETFD = 438
server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[1]); server.listen(8)
print('ready', flush=True)
while True:
    client, _ = server.accept()
    data, sock = receive(client)
    words = data.decode().split()
    if words[0] == 'open':
        own = socket.create_connection(('127.0.0.1', int(words[1])))
        give(client, own.fileno())
        client.recv(1)
    else:
        if words[0] == 'take':
            pidfd = os.pidfd_open(int(words[1]))
            fd = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, pidfd, int(words[2]), 0)
            sock = socket.socket(fileno=fd)
        thrice(sock)
    client.send(b'k')
    client.close()
`;
const AGENT = `${COMMON}
way, path, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
def ask(data, fd=None):
    helper = socket.socket(socket.AF_UNIX); helper.connect(path)
    if fd is None: helper.send(data)
    else: helper.sendmsg([data], [(*RIGHTS, array.array('i', [fd]))])
    return helper
truth = {'pid': os.getpid()}
if way in ('give', 'take', 'child'):
    own = socket.create_connection(('127.0.0.1', port))
    truth['port'] = own.getsockname()[1]
    own.send(b'mine')
if way == 'give': ask(b'use', own.fileno()).recv(1)
if way == 'take': ask(f'take {os.getpid()} {own.fileno()}'.encode()).recv(1)
if way == 'child':
    pid = os.fork()
    if pid == 0:
        thrice(own)
        os._exit(0)
    os.waitpid(pid, 0)
if way == 'get':
    helper = ask(f'open {port}'.encode())
    sock = receive(helper)[1]
    truth['port'] = sock.getsockname()[1]
    thrice(sock)
    helper.send(b'k')
    helper.recv(1)
if way == 'serve':
    server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen(1)
    client = socket.create_connection(server.getsockname())
    thrice(server.accept()[0])
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.connect(('127.0.0.1', 9))
    datagrams.send(b'x')
if way == 'reset':
    server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen(1)
    for _ in range(20):
        client = socket.create_connection(server.getsockname())
        server.accept()[0].close()
        client.send(b'hello') # it is answered by a reset before it returns
print(json.dumps(truth), flush=True)
`;

interface Truth {
  readonly pid: number;
  readonly port: number;
}

const scene = async (t: Test) => {
  const watch = watchKernel(t, []);
  const path = join(scratchDirectory(t), 'helper');
  const helper = spawn('python3', ['-c', HELPER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => helper.kill('SIGKILL'));
  await once(helper.stdout, 'data');
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const run = async (way: string): Promise<Truth> => {
    const [truth] = await watch.run<Truth>(['python3', '-c', AGENT, way, path, String(port)]);
    if (truth === undefined) throw new Error('the agent said nothing');
    await watch.ended(truth.pid);
    return truth;
  };
  return { watch, run, port, helper: helper.pid ?? 0 };
};

const isMissing = (t: Test, watch: KernelWatch): boolean => {
  const status = watch.programs.find(({ name }) => name === 'wf_fd_relay');
  if (status?.state === 'attached') return false;
  t.match(status, { state: 'unsupported', detail: /tracepoint/ }, 'it is said why not');
  return true;
};

for (const way of ['give', 'take']) {
  t.test(`fd_relay: a connection of an agent, used by nobody's (${way})`, { skip }, async (t) => {
    const { watch, run, port, helper } = await scene(t);
    if (isMissing(t, watch)) return;
    const truth = await run(way);
    watch.stop();
    const relays = watch.of('fd_relay', truth.pid);
    t.equal(relays.length, 1, 'once for a socket and a process');
    t.match(relays[0], {
      scope: 'agent',
      opener: { key: { tgid: truth.pid } },
      user: { key: { tgid: helper }, root: null },
      tuple: { protocol: 'tcp', srcPort: truth.port, dstIp: '127.0.0.1', dstPort: port },
      comm: 'python3',
    });
    const [open] = watch.of('flow_open', truth.pid);
    t.equal(relays[0]?.cookie, open?.cookie, 'the socket it opened');
    t.ok(relays[0]?.opener?.root, 'and its lineage');
  });
}

t.test("fd_relay: a connection of nobody's, used by an agent", { skip }, async (t) => {
  const { watch, run, port } = await scene(t);
  if (isMissing(t, watch)) return;
  const truth = await run('get');
  watch.stop();
  const relays = watch.of('fd_relay', truth.pid);
  t.equal(relays.length, 1);
  t.match(relays[0], {
    opener: null,
    user: { key: { tgid: truth.pid } },
    tuple: { srcPort: truth.port, dstPort: port },
  });
  t.ok(relays[0]?.user.root, 'its own lineage');
});

t.test('fd_relay: nothing of sockets that stay where they are', { skip }, async (t) => {
  const { watch, run, helper } = await scene(t);
  if (isMissing(t, watch)) return;
  for (const way of ['child', 'serve', 'reset']) await run(way);
  watch.stop();
  t.same(
    watch.events.filter(({ kind }) => kind === 'fd_relay'),
    [],
    'a child of the opener, an accepted connection, a datagram, a connection that was reset',
  );
  t.same(watch.about(helper), []);
});
