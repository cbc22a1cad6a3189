import t from 'tap';
import { runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

const PORT = 40_009;

interface Datagrams {
  readonly pid: number;
  readonly local_port: number;
  readonly datagrams: number;
  readonly bytes: number;
}

t.test(
  'sendmsg: many datagrams to one peer are one record',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const program = compileTrigger('udp-many');
    const watch = watchKernel(t, [program]);
    for (const [address, family] of [
      ['127.0.0.1', 'ipv4'],
      ['::1', 'ipv6'],
    ] as const) {
      const args = [address, String(PORT), '--count', '10000'] as const;
      const [truth] = await runForJson<Datagrams>(t, [program, ...args]);
      const [other] = await runForJson<Datagrams>(t, [strangerOf(t, program), ...args]);
      if (truth === undefined || other === undefined) throw new Error('no truth');
      await watch.ended(truth.pid);
      const opens = watch.of('flow_open', truth.pid);
      t.equal(opens.length, 1, `${family}: one flow`);
      t.match(opens[0], {
        via: 'sendmsg',
        tuple: { family, protocol: 'udp', dstIp: address, dstPort: PORT },
      });
      const updates = watch.of('flow_update', truth.pid);
      t.ok(
        updates.every(({ cookie }) => cookie === opens[0]?.cookie),
        'counts are of that flow',
      );
      t.ok(updates.every(({ datagrams }) => datagrams <= BigInt(truth.datagrams)));
      t.same(watch.about(other.pid), [], 'a stranger gives nothing');
    }
    watch.stop();
  },
);
