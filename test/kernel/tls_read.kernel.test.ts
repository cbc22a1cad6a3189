import t from 'tap';
import { runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

const SIZE = 4096;
const COUNT = 200;

interface Load {
  readonly pid: number;
  readonly received_bytes: number;
}

t.test('ssl_read: the bytes a call gave, once', { skip: whyNoKernel() ?? false }, async (t) => {
  const program = compileTrigger('tls-load');
  const watch = watchKernel(t, [program]);
  watch.attachSystemTls();
  const load = ['memory', '--size', String(SIZE), '--count', String(COUNT)] as const;
  const [truth] = await watch.run<Load>([program, ...load]);
  const [other] = await runForJson<Load>(t, [strangerOf(t, program), ...load]);
  if (truth === undefined || other === undefined) throw new Error('no truth');
  await watch.ended(truth.pid);
  const { payloadBytesAgent, payloadBytesForeign } = watch.stop();

  const data = watch.of('tls_data', truth.pid);
  const reads = data.filter(({ direction }) => direction === 'read');
  const writes = data.filter(({ direction }) => direction === 'write');
  t.equal(new Set(reads.map(({ call }) => call)).size, COUNT, 'one call a message');
  const whole = (events: typeof data): Buffer => Buffer.concat(events.map(({ bytes }) => bytes));
  t.equal(whole(reads).length, truth.received_bytes);
  t.ok(whole(reads).equals(whole(writes)), 'what was read is what was written');
  t.equal(payloadBytesAgent, 2 * truth.received_bytes, "the kernel's counter says the same");
  t.equal(payloadBytesForeign, 0);
  t.same(watch.about(other.pid), [], 'a stranger gives nothing');
});
