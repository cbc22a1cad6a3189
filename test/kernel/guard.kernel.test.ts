import t, { type Test } from 'tap';
import type { ProbesAnswer } from '../../src/event/index.js';
import { attest } from '../../src/host/attest.js';
import { startCodePoker } from '../helpers/code-poker.js';
import { whyNoKernel } from '../helpers/environment.js';
import { keyOf, watchKernel } from '../helpers/kernel.js';
import { waitFor } from '../helpers/wait.js';

const skip = whyNoKernel() ?? false;

/** Probes on the system's OpenSSL, and a process that has it loaded. */
const scene = async (t: Test) => {
  const watch = watchKernel(t, []);
  const stack = watch.attachSystemTls();
  const poker = await startCodePoker(t);
  const key = keyOf(watch.kernel, poker.pid);
  const look = (): ProbesAnswer | undefined => attest([{ key, stack }]).answers[0];
  const write = stack.sites.find(({ call }) => call === 'write_ex' || call === 'write_flags_ex');
  return { watch, stack, look, write, ...poker };
};

t.test('guard: probes are seen from outside, and so is that one is gone', { skip }, async (t) => {
  const { look, tell, stack, write, watch } = await scene(t);
  if (write === undefined) throw new Error('nothing that Python writes with');
  const places = new Set(stack.sites.flatMap(({ entry, returns }) => [entry, ...returns]));
  t.match(look(), { state: 'whole', checked: places.size, altered: [] });
  const { entry } = write;
  // The first byte of a function of OpenSSL's own: push, sub or endbr64, none of them the trap.
  await tell(`write ${entry} 90`);
  t.match(look(), { state: 'altered', altered: [{ offset: entry, flaw: 'overwritten' }] });
  await tell(`drop ${entry}`);
  const dropped = look();
  t.equal(dropped?.state, 'altered');
  t.ok(
    dropped?.altered.some(({ offset, flaw }) => offset === entry && flaw === 'restored'),
    'without its copy of the page it runs the file',
  );
  watch.kernel.detach(stack.file, stack.library);
  watch.attachSystemTls();
  t.match(look(), { state: 'whole' }, 'attaching anew sets them again');
});

t.test('guard: calls that meet a probe are counted, whoever makes them', { skip }, async (t) => {
  const { watch, tell, stack } = await scene(t);
  const calls = (): number =>
    watch.kernel.hits().find(({ library }) => library === stack.library)?.calls ?? -1;
  t.equal(watch.kernel.hits().length, 1);
  t.match(watch.kernel.hits()[0], { file: stack.file });
  const before = calls();
  await tell('tls 500');
  t.ok(calls() - before >= 500, 'by a stranger, of whom nothing is told');
  t.ok(calls() - before < 1000);
  watch.kernel.detach(stack.file, stack.library);
  t.same(watch.kernel.hits(), []);
  watch.attachSystemTls();
  const after = calls();
  t.ok(after < 500, 'a new attachment begins anew');
  await waitFor('probes that count again', async () => {
    await tell('tls 1');
    return calls() > after;
  });
});
