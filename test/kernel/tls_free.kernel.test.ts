import t from 'tap';
import { runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

t.test(
  'ssl_free: the end of each session that moved data',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const program = compileTrigger('tls-retry');
    const watch = watchKernel(t, [program]);
    watch.attachSystemTls();
    const [truth] = await watch.run<{ pid: number }>([program, 'partial']);
    const [other] = await runForJson<{ pid: number }>(t, [strangerOf(t, program), 'partial']);
    if (truth === undefined || other === undefined) throw new Error('no truth');
    await watch.ended(truth.pid);
    watch.stop();

    const used = new Set(watch.of('tls_data', truth.pid).map(({ ssl }) => ssl));
    const freed = watch.of('tls_free', truth.pid).map(({ ssl }) => ssl);
    t.equal(used.size, 2, 'both ends are in the process');
    t.same([...freed].sort(), [...used].sort(), 'each is freed once');
    t.same(watch.about(other.pid), [], 'a stranger gives nothing');
  },
);
