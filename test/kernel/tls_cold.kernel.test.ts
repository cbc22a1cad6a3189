import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { generate } from '../helpers/generator.js';
import { watchKernel } from '../helpers/kernel.js';

interface Truth {
  readonly pid: number;
  readonly seed: number;
  readonly bytes: number;
  /** Pages of the buffer in memory before the call. */
  readonly resident: number;
}

t.test(
  'a buffer that was not in memory is read whole',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const program = compileTrigger('tls-cold');
    const watch = watchKernel(t, [program]);
    watch.attachSystemTls();
    // On the disk: a file in memory cannot be forgotten.
    const file = join(resolve('build'), `cold-${process.pid}`);
    t.teardown(() => {
      rmSync(file, { force: true });
    });
    const [truth] = await watch.run<Truth>([program, file]);
    if (truth === undefined) throw new Error('no truth');
    await watch.ended(truth.pid);
    watch.stop();

    t.equal(truth.resident, 0, 'none of it was in memory');
    const writes = watch.of('tls_data', truth.pid).filter(({ direction }) => direction === 'write');
    const bytes = Buffer.concat(writes.map((event) => event.bytes));
    t.ok(bytes.equals(generate(truth.seed, truth.bytes)), 'every byte of it');
    t.same(watch.losses, [], 'nothing was lost');
  },
);
