import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { startSinkServer, type Way } from '../helpers/sink-server.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

const DNS_PORT = 53;
/** Of the loopback network, and nobody's: its port 53 is free. */
const ADDRESS = '127.0.53.7';

t.test(
  'egress: the first bytes of a connection, and questions to port 53',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const [tcp, udp] = [compileTrigger('connect-ways'), compileTrigger('udp-many')];
    const watch = watchKernel(t, []);
    const { port } = await startSinkServer(t, '127.0.0.1');
    const dns = createSocket('udp4').bind(DNS_PORT, ADDRESS);
    await once(dns, 'listening');
    t.teardown(() => dns.close());

    const truth = await watch.run<Way>([tcp, '127.0.0.1', String(port)]);
    const [asked] = await watch.run<{ pid: number }>([
      udp,
      ADDRESS,
      String(DNS_PORT),
      '--count',
      '3',
    ]);
    const [silent] = await watch.run<{ pid: number }>([udp, ADDRESS, '5353', '--count', '3']);
    const [other] = await runForJson<Way>(t, [strangerOf(t, tcp), '127.0.0.1', String(port)]);
    const pid = truth[0]?.pid ?? 0;
    for (const one of [pid, asked?.pid, silent?.pid]) await watch.ended(one ?? 0);
    watch.stop();

    const heads = watch.of('wire_head', pid);
    const opens = watch.of('flow_open', pid);
    t.same(
      heads.map(({ cookie }) => cookie).sort(),
      opens.map(({ cookie }) => cookie).sort(),
      'one head a connection',
    );
    for (const head of heads) {
      t.equal(Buffer.from(head.bytes).toString(), 'x', 'the bytes are the first that were sent');
      t.equal(head.original, 1);
      t.match(head.tuple, { protocol: 'tcp', dstIp: '127.0.0.1', dstPort: port });
    }
    const questions = watch.of('wire_head', asked?.pid ?? 0);
    t.equal(questions.length, 3, 'every datagram to port 53');
    for (const [index, { bytes, tuple }] of questions.entries()) {
      t.equal(bytes.length, 64);
      t.equal(bytes[0], index, 'whole, and in order');
      t.match(tuple, { protocol: 'udp', dstIp: ADDRESS, dstPort: DNS_PORT });
    }
    t.same(watch.of('wire_head', silent?.pid ?? 0), [], 'other datagrams are not read');
    t.same(watch.about(other?.pid ?? 0), [], 'a stranger gives nothing');
  },
);
