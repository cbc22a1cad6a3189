import t from 'tap';
import { runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

interface Storm {
  readonly pid: number;
  readonly children: readonly number[];
}

t.test(
  'fork: every child of an agent, and none of anybody else',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const [storm, noop] = [compileTrigger('exec-storm'), compileTrigger('noop')];
    const watch = watchKernel(t, [storm]);
    const count = ['--count', '50'] as const;
    const [truth] = await runForJson<Storm>(t, [storm, noop, ...count]);
    const [other] = await runForJson<Storm>(t, [strangerOf(t, storm), noop, ...count]);
    if (truth === undefined || other === undefined) throw new Error('no truth');
    await watch.ended(truth.pid);
    watch.stop();

    const forks = watch.of('fork', truth.pid);
    t.same(
      forks.map(({ child }) => child.tgid),
      truth.children,
      'one record a child, in order',
    );
    const [exec] = watch.of('exec', truth.pid);
    t.ok(exec, 'the parent was seen to start');
    for (const fork of forks) {
      t.same(fork.root, exec?.key, 'the parent is the root');
      t.ok(fork.child.startNs > fork.key.startNs, 'a child starts later');
    }
    t.equal(new Set(forks.map(({ child }) => child.startNs)).size, forks.length);
    for (const pid of [other.pid, ...other.children]) t.same(watch.about(pid), []);
  },
);
