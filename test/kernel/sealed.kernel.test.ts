import t from 'tap';
import { startSinkServer } from '../helpers/sink-server.js';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel } from '../helpers/kernel.js';

/** Connects once for each list of pieces, and sends each piece as a packet of its own. */
const CLIENT = `
import json, os, socket, sys
for pieces in json.loads(sys.argv[2]):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in pieces:
        s.sendall(bytes.fromhex(piece))
    print(json.dumps({"pid": os.getpid(), "port": s.getsockname()[1]}))
`;
/** A ClientHello by its head; what is in it does not matter here. */
const hello = `16030100c8010000c4${'00'.repeat(196)}`;
const change = '140303000101';
const sealed = (bytes: number): string => `170303${'00'.repeat(bytes - 3)}`;

t.test(
  'a connection is told of once, when more went behind its ClientHello than a handshake needs',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const watch = watchKernel(t, []);
    const { port } = await startSinkServer(t, '127.0.0.1');
    const pieces = [
      [hello, change + sealed(74), sealed(24)],
      [hello, change + sealed(74), sealed(81), sealed(4000)],
      [hello, `${change}160303${'00'.repeat(500)}`, sealed(100)],
      [sealed(900), sealed(900)],
    ];
    const args = [String(port), JSON.stringify(pieces)];
    const truth = await watch.run<{ pid: number; port: number }>([
      '/usr/bin/python3',
      '-c',
      CLIENT,
      ...args,
    ]);
    const pid = truth[0]?.pid ?? 0;
    await watch.ended(pid);
    watch.stop();
    t.equal(truth.length, 4);
    const [, spoke] = truth;
    t.match(
      watch
        .of('flow_update', pid)
        .map(({ tuple, bytes, datagrams }) => [tuple.protocol, tuple.srcPort, bytes, datagrams]),
      [['tcp', spoke?.port, 161n, 0n]],
    );
    t.equal(
      watch.of('flow_update', pid).length,
      1,
      'neither an idle one, nor HelloRetryRequest, nor no TLS',
    );
  },
);
