import t, { type Test } from 'tap';
import { startChild } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { keyOf, watchKernel } from '../helpers/kernel.js';
import { waitFor } from '../helpers/wait.js';

const skip = whyNoKernel() ?? false;

/** A shell that runs a program for every line it gets, as a daemon does for whoever asks it. */
function startRelay(t: Test, program: string) {
  const script = 'while read -r n; do "$1" "$n"; echo; done';
  const child = startChild(t, ['sh', '-c', script, 'sh', program], { stdio: 'pipe' });
  let answers = 0;
  child.stdout?.on('data', (chunk: Buffer) => (answers += chunk.length));
  const ask = async (): Promise<void> => {
    const before = answers;
    child.stdin?.write(`${before}\n`);
    await waitFor('the answer', () => answers > before);
  };
  return { pid: child.pid ?? 0, ask };
}

t.test('relay: each of its children asks, and nothing else is told of it', { skip }, async (t) => {
  const program = compileTrigger('noop');
  const watch = watchKernel(t, []);
  const relay = startRelay(t, program);
  await relay.ask();
  const key = keyOf(watch.kernel, relay.pid);
  watch.kernel.watchRelay(key);
  watch.kernel.watchRelay(key);
  await relay.ask();
  await relay.ask();
  await waitFor('both forks', () => watch.of('fork', relay.pid).length === 2);
  const forks = watch.of('fork', relay.pid);
  for (const { child } of forks) await watch.ended(child.tgid);
  watch.kernel.endRelay(key);
  watch.kernel.endRelay(key);
  await relay.ask();
  watch.stop();

  t.same(watch.about(relay.pid), forks, 'its forks, while it was one, and no more');
  for (const fork of forks) {
    t.match(fork, { scope: 'relay', key, root: key });
    const { child } = fork;
    const [exec, ...more] = watch.of('exec', child.tgid);
    t.same(more, []);
    t.match(exec, { scope: 'pending', path: program, key: child, root: child, asksVerdict: false });
    t.match(watch.of('exit', child.tgid), [{ scope: 'pending', root: child }]);
  }
});

t.test('relay: a child settled as an agent is one, with all it starts', { skip }, async (t) => {
  const program = compileTrigger('noop');
  const watch = watchKernel(t, []);
  const relay = startRelay(t, '/bin/sh');
  const key = keyOf(watch.kernel, relay.pid);
  watch.kernel.watchRelay(key);
  const started = startChild(t, ['sh', '-c', 'read -r _; "$1" & wait', 'sh', program], {
    stdio: 'pipe',
  });
  const asker = keyOf(watch.kernel, started.pid ?? 0);
  watch.kernel.verdict(asker, 'agent');
  watch.kernel.adopt(asker, asker);
  t.throws(
    () => {
      watch.kernel.watchRelay(asker);
    },
    { code: 'EEXIST', operation: 'watch relay' },
    'who is in a lineage is no relay',
  );
  watch.kernel.endRelay(asker);
  started.stdin?.end('go\n');
  await watch.ended(asker.tgid);
  watch.stop();
  const [fork] = watch.of('fork', asker.tgid);
  t.match(fork, { scope: 'agent', root: asker }, 'and ending what it never was changes nothing');
  t.match(watch.of('exec', fork?.child.tgid ?? 0), [{ root: asker, scope: 'agent' }]);
});
