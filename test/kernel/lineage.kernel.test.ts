import t from 'tap';
import { runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';
import { waitFor } from '../helpers/wait.js';

const skip = whyNoKernel() ?? false;

interface Family {
  readonly pid: number;
  readonly family: readonly number[];
}

const WAYS = [
  'fork',
  'vfork',
  'clone_parent',
  'thread',
  'thread_exec',
  'double_fork',
  'subreaper',
  'same_pid',
];

t.test('lineage: however a process is born, it belongs to who bore it', { skip }, async (t) => {
  const [program, noop] = [compileTrigger('family'), compileTrigger('noop')];
  const watch = watchKernel(t, []);
  const stranger = strangerOf(t, program);
  const found = new Map<string, Family>();
  const others: Family[] = [];
  for (const way of WAYS) {
    const [truth] = await watch.run<Family>([program, noop, way]);
    const [other] = await runForJson<Family>(t, [stranger, noop, way]);
    if (truth === undefined || other === undefined) throw new Error(`${way}: no truth`);
    found.set(way, truth);
    others.push(other);
    await watch.ended(truth.pid);
    const last = truth.family.at(-1) ?? 0;
    await waitFor(`${way}: every exit`, () => {
      const lives = truth.family.filter((pid) => pid === last).length;
      return watch.of('exit', last).length >= lives;
    });
  }
  watch.stop();
  for (const [way, { pid, family }] of found) {
    t.ok(family.length > 0, way);
    const root = watch.of('exec', pid)[0]?.key;
    for (const member of new Set(family)) {
      const lives = family.filter((one) => one === member).length;
      const execs = watch.of('exec', member);
      t.equal(execs.length, lives, `${way}: each exec once`);
      for (const exec of execs) t.match(exec, { root, scope: 'agent', path: noop }, way);
      const starts = execs.map(({ key }) => key.startNs);
      t.equal(new Set(starts).size, lives, `${way}: each life is another process`);
      const ends = watch.of('exit', member).filter(({ key }) => starts.includes(key.startNs));
      t.equal(ends.length, lives, `${way}: each exit once`);
    }
  }
  for (const { pid, family } of others)
    for (const member of [pid, ...family])
      t.same(watch.about(member), [], 'a stranger gives nothing');
});

t.test('lineage: what exceeds the table is counted, one by one', { skip }, async (t) => {
  const program = compileTrigger('sleepers');
  const maxProcesses = 1024;
  const watch = watchKernel(t, [program], { maxProcesses });
  const [truth] = await runForJson<{ pid: number; children: number[] }>(t, [
    program,
    '--count',
    String(maxProcesses + 200),
  ]);
  if (truth === undefined) throw new Error('no truth');
  await watch.ended(truth.pid);
  watch.stop();
  const forks = watch.of('fork', truth.pid);
  t.equal(forks.length, truth.children.length, 'every fork is told');
  const ended = truth.children.filter((pid) => watch.of('exit', pid).length > 0).length;
  const lost = watch.losses
    .filter(({ ring, cause }) => ring === 'lifecycle' && cause === 'table_full')
    .reduce((sum, loss) => sum + Number(loss.count), 0);
  t.ok(lost >= 200, 'the table was full');
  t.equal(ended + lost, truth.children.length, 'a child is either followed or counted');
});
