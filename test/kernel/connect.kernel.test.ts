import t from 'tap';
import { runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';
import { startSinkServer, type Way } from '../helpers/sink-server.js';

t.test(
  'connect: one record a socket, however it is connected',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const program = compileTrigger('connect-ways');
    const watch = watchKernel(t, [program]);
    for (const [address, family] of [
      ['127.0.0.1', 'ipv4'],
      ['::1', 'ipv6'],
    ] as const) {
      const { port } = await startSinkServer(t, address);
      const truth = await runForJson<Way>(t, [program, address, String(port)]);
      t.equal(truth.length, 4);
      const pid = truth[0]?.pid ?? 0;
      await watch.ended(pid);
      const [other] = await runForJson<Way>(t, [strangerOf(t, program), address, String(port)]);
      const opens = watch.of('flow_open', pid);
      t.equal(opens.length, truth.length, `${family}: one a connection`);
      t.equal(new Set(opens.map(({ cookie }) => cookie)).size, opens.length);
      for (const [index, { way, errno }] of truth.entries()) {
        t.equal(errno, 0, way);
        t.match(
          opens[index],
          { via: 'connect', tuple: { family, protocol: 'tcp', dstIp: address, dstPort: port } },
          `${family}: ${way}`,
        );
        t.equal(opens[index]?.root?.tgid, pid);
      }
      t.same(watch.about(other?.pid ?? 0), [], 'a stranger gives nothing');
    }
    watch.stop();
  },
);
