import t from 'tap';
import { runCommand, runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { startSinkServer, type Way } from '../helpers/sink-server.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

t.test(
  'sock_state: established with its source port, and closed',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const program = compileTrigger('connect-ways');
    const watch = watchKernel(t, [program]);
    const server = await startSinkServer(t, '127.0.0.1');
    const truth = await runForJson<Way>(t, [program, '127.0.0.1', String(server.port)]);
    const refusedPort = 1;
    const refused = await runCommand(t, [
      program,
      '127.0.0.1',
      String(refusedPort),
      '--way',
      'connect',
    ]);
    const [other] = await runForJson<Way>(t, [
      strangerOf(t, program),
      '127.0.0.1',
      String(server.port),
    ]);
    const pid = truth[0]?.pid ?? 0;
    await watch.ended(pid);
    await watch.ended(refused.pid);
    watch.stop();

    const opens = watch.of('flow_open', pid);
    for (const [index, { way, local_ip, local_port, remote_ip, remote_port }] of truth.entries()) {
      const cookie = opens[index]?.cookie;
      const states = watch.of('flow_state', pid).filter((event) => event.cookie === cookie);
      t.same(
        states.map(({ state, failed }) => ({ state, failed })),
        [
          { state: 'established', failed: false },
          { state: 'closed', failed: false },
        ],
        way,
      );
      for (const { tuple } of states) {
        t.match(tuple, {
          srcIp: local_ip,
          srcPort: local_port,
          dstIp: remote_ip,
          dstPort: remote_port,
        });
      }
      t.ok(server.peers.includes(local_port), 'the server saw the same port');
      t.ok((states[1]?.bytesSent ?? 0n) >= 1n, 'a byte was sent');
    }
    const [failure, ...more] = watch.of('flow_state', refused.pid);
    t.same(more, []);
    t.match(failure, { state: 'closed', failed: true, tuple: { dstPort: refusedPort } });
    t.same(watch.about(other?.pid ?? 0), [], 'a stranger gives nothing');
  },
);
