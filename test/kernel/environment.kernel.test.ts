import t from 'tap';
import { runCommand, type Command } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

const skip = whyNoKernel() ?? false;
const VALUE_KEPT = 512;
const SEARCHED = 256;

const names = { values: ['AA_AGENT_ID', 'LD_PRELOAD'], marks: ['CLAUDECODE'] };

/** Nothing but `env`: the test runner puts variables of its own into the environment of a child. */
const withOnly = (env: Record<string, string>, program: string): Command => [
  'env',
  '-i',
  ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
  program,
];

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`FILLER_${i}`, String(i)]));

t.test('environment: of an exec only what was asked for, as it was', { skip }, async (t) => {
  const program = compileTrigger('noop');
  const watch = watchKernel(t, [program], { names });
  const run = async (env: Record<string, string>) => {
    const { pid } = await runCommand(t, withOnly(env, program));
    await watch.ended(pid);
    return watch.of('exec', pid)[0];
  };
  const plain = await run({
    HOME: '/root',
    AA_AGENT_ID: 'org/team/agent',
    AA_AGENT_ID_NOT: 'x',
    CLAUDECODE: 'secret',
    PATH: '/bin',
  });
  const behindLong = await run({ LS_COLORS: 'x'.repeat(3000), AA_AGENT_ID: 'a=b', LD_PRELOAD: '' });
  const exact = await run({ FILLER: 'x'.repeat(575 - 'FILLER='.length), AA_AGENT_ID: 'exact' });
  const forged = await run({ LONG: `${'x'.repeat(575 - 'LONG='.length)}AA_AGENT_ID=forged` });
  const long = await run({ AA_AGENT_ID: 'v'.repeat(2 * VALUE_KEPT), CLAUDECODE: '1' });
  const far = await run({ ...many(SEARCHED), AA_AGENT_ID: 'far' });
  const last = await run({ ...many(SEARCHED - 1), AA_AGENT_ID: 'last' });
  const none = await run({});
  watch.stop();

  t.same(plain?.env, { AA_AGENT_ID: 'org/team/agent', CLAUDECODE: '' }, 'a mark has no value');
  t.equal(plain?.envTruncated, false);
  t.same(behindLong?.env, { AA_AGENT_ID: 'a=b', LD_PRELOAD: '' }, 'also behind a long one');
  t.equal(behindLong?.envTruncated, false);
  t.same(exact?.env, { AA_AGENT_ID: 'exact' }, 'and behind one that just fills the room');
  t.same(forged?.env, {}, 'the middle of a value is no name');
  t.match(long?.env['AA_AGENT_ID'], /^v+$/);
  t.ok((long?.env['AA_AGENT_ID'] ?? '').length >= VALUE_KEPT, 'a long value is cut');
  t.equal(long?.envTruncated, true, 'and it says so');
  t.equal(long?.env['CLAUDECODE'], '', 'what follows is still found');
  t.same(far?.env, {}, 'beyond what is searched nothing is found');
  t.equal(far?.envTruncated, true, 'and it says so');
  t.same(last?.env, { AA_AGENT_ID: 'last' });
  t.equal(last?.envTruncated, false);
  t.same(none?.env, {});
  t.equal(none?.envTruncated, false);
});

t.test('environment: more values than are kept are cut, and said to be', { skip }, async (t) => {
  const program = compileTrigger('noop');
  const values = Array.from({ length: 10 }, (_, i) => `AA_${i}`);
  const watch = watchKernel(t, [program], { names: { values, marks: [] } });
  const env = Object.fromEntries(values.map((name) => [name, 'x'.repeat(400)]));
  const { pid } = await runCommand(t, withOnly(env, program));
  await watch.ended(pid);
  watch.stop();
  const [exec] = watch.of('exec', pid);
  const kept = Object.values(exec?.env ?? {});
  t.equal(kept.length, 5, 'as many as fit into 2 KiB');
  t.ok(kept.every((value) => value.length === 400));
  t.equal(exec?.envTruncated, true);
});

t.test('environment: whoever has a name that asks is asked about', { skip }, async (t) => {
  const program = compileTrigger('noop');
  const stranger = strangerOf(t, program);
  const watch = watchKernel(t, [], { names, asking: ['AA_AGENT_ID'] });
  const asked = await runCommand(t, withOnly({ AA_AGENT_ID: 'a/b/c', HOME: '/' }, stranger));
  const marked = await runCommand(t, withOnly({ CLAUDECODE: '1' }, stranger));
  const large = await runCommand(t, withOnly(many(2 * SEARCHED), stranger));
  watch.kernel.candidates({ basenames: [], parents: [], environment: [], anyExec: false });
  const late = await runCommand(t, withOnly({ AA_AGENT_ID: 'a/b/c' }, stranger));
  watch.stop();
  const [exec, ...more] = watch.of('exec', asked.pid);
  t.same(more, [], 'once');
  t.match(exec, {
    asksVerdict: true,
    scope: 'pending',
    root: { tgid: asked.pid },
    env: { AA_AGENT_ID: 'a/b/c' },
  });
  t.same(watch.about(marked.pid), [], 'a name that is only told of asks nobody');
  t.match(watch.of('exec', large.pid), [{ asksVerdict: true, envTruncated: true, env: {} }]);
  t.same(watch.about(late.pid), [], 'no name, no search');
});
