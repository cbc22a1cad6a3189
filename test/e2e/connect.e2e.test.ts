import t from 'tap';
import { runForJson, startChild, followJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { makeNetworkNamespace, MODEL_ADDRESS } from '../helpers/network-namespace.js';
import { waitFor } from '../helpers/wait.js';

const DATAGRAMS = 10_000;
const PORT = 7443;

interface Way {
  readonly way: string;
  readonly pid: number;
  readonly local_ip: string;
  readonly local_port: number;
  readonly remote_ip: string;
  readonly remote_port: number;
  readonly errno: number;
}
interface Datagrams {
  readonly pid: number;
  readonly local_port: number;
  readonly datagrams: number;
}

/** Accepts and counts TCP connections, and takes datagrams; fast open is asked for as a client must be let. */
const SERVER = `
import json, socket, sys, threading
address, port = sys.argv[1], int(sys.argv[2])
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((address, port))
tcp = socket.create_server((address, port))
tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
print(json.dumps({"port": port}), flush=True)
while True:
    connection, peer = tcp.accept()
    while connection.recv(16):
        pass
    connection.close()
    print(json.dumps({"peer_ip": peer[0], "peer_port": peer[1]}), flush=True)
`;

t.test(
  'however a socket is connected, it is one flow',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const ways = compileTrigger('connect-ways');
    const many = compileTrigger('udp-many');
    const net = makeNetworkNamespace(t);
    const server = startChild(
      t,
      net.inside(['/usr/bin/python3', '-c', SERVER, MODEL_ADDRESS, String(PORT)]),
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const accepted = followJson<{ peer_port?: number }>(server);
    await waitFor('the server', () => accepted.length > 0);
    const config = {
      agents: {
        signatures: false,
        rules: [{ id: 'test/e2e/connect', match: { exe: [ways, many] } }],
      },
    };
    const daemon = await startDaemon(t, makePlace(t, config));
    const live = daemon.follow();

    const truth = await runForJson<Way>(t, net.inside([ways, MODEL_ADDRESS, String(PORT)]));
    const [datagrams] = await runForJson<Datagrams>(
      t,
      net.inside([many, MODEL_ADDRESS, String(PORT), '--count', String(DATAGRAMS)]),
    );
    await waitFor('the flows in tail', () => ofKind(live, 'flow').length >= truth.length + 1);
    t.equal(await daemon.stop(), 0, 'the daemon ends cleanly');
    const flows = ofKind(await readAll(t, daemon.place), 'flow');

    t.same(
      truth.map(({ way }) => way),
      ['connect', 'io_uring', 'fastopen', 'int80'],
      'all four ways were gone',
    );
    for (const { way, pid, errno, ...tuple } of truth) {
      await t.test(way, async (t) => {
        t.equal(errno, 0, 'the connection stood');
        t.ok(
          accepted.some(({ peer_port }) => peer_port === tuple.local_port),
          'the server saw it',
        );
        const mine = flows.filter(
          ({ net }) => net?.proto === 'tcp' && net.src_port === tuple.local_port,
        );
        t.equal(mine.length, 1, 'exactly one flow');
        t.match(mine[0], {
          process: { pid },
          net: {
            src_ip: tuple.local_ip,
            dst_ip: tuple.remote_ip,
            dst_port: tuple.remote_port,
            result: 'established',
          },
        });
      });
    }
    t.equal(datagrams?.datagrams, DATAGRAMS);
    const udp = flows.filter(({ net }) => net?.proto === 'udp');
    t.equal(udp.length, 1, `${DATAGRAMS} datagrams to one peer are one flow`);
    t.match(udp[0], {
      process: { pid: datagrams?.pid },
      net: { dst_ip: MODEL_ADDRESS, dst_port: PORT, result: 'open' },
    });
    t.equal(flows.length, truth.length + 1, 'and nothing else is a flow');
  },
);
