import t from 'tap';
import { runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { generate } from '../helpers/generator.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

interface Retry {
  readonly pid: number;
  readonly seed: number;
  readonly bytes: number;
  readonly successes: number;
  readonly failures: number;
}

t.test(
  'ssl_write: what a call took, when it took it, and nothing of a failed one',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const program = compileTrigger('tls-retry');
    const watch = watchKernel(t, [program]);
    const truths: Retry[] = [];
    for (const way of ['retry', 'partial']) {
      // With probes of its own each.
      watch.attachSystemTls();
      truths.push(...(await watch.run<Retry>([program, way])));
    }
    const [other] = await runForJson<Retry>(t, [strangerOf(t, program), 'partial']);
    for (const { pid } of truths) await watch.ended(pid);
    const { payloadBytesForeign } = watch.stop();

    const through = truths.map(({ pid }) => [
      ...new Set(watch.of('tls_data', pid).map(({ attachment }) => attachment)),
    ]);
    t.match(through, [[Number], [Number]], 'each says through which probes it came');
    t.not(through[0]?.[0], through[1]?.[0]);
    for (const truth of truths) {
      const data = watch.of('tls_data', truth.pid).filter(({ direction }) => direction === 'write');
      const calls = [...new Set(data.map(({ call }) => call))];
      t.equal(calls.length, truth.successes, `${truth.failures} failed calls left nothing`);
      const moved = calls.map((call) => data.find((event) => event.call === call)?.original ?? 0);
      t.equal(
        moved.reduce((a, b) => a + b, 0),
        truth.bytes,
        'lengths are what was taken',
      );
      const bytes = Buffer.concat(data.map((event) => event.bytes));
      t.ok(bytes.equals(generate(truth.seed, truth.bytes)), 'the bytes are the same, in order');
      for (const call of calls) {
        const chunks = data.filter((event) => event.call === call);
        let end = 0;
        for (const { offset, bytes } of chunks) {
          t.equal(offset, end, 'chunks join without a hole');
          end = offset + bytes.length;
        }
        t.equal(end, chunks[0]?.kept);
      }
      t.ok(
        data.every(({ socketCookie }) => socketCookie === null),
        'a memory BIO names no socket',
      );
    }
    t.ok((truths[0]?.failures ?? 0) > 0, 'one way did fail and try again');
    t.equal(payloadBytesForeign, 0);
    t.same(watch.about(other?.pid ?? 0), [], 'a stranger gives nothing');
  },
);
