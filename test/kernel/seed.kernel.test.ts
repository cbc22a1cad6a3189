import { readFileSync } from 'node:fs';
import t from 'tap';
import { decodeBatch } from '../../src/decode/index.js';
import { runCommand, startChild } from '../helpers/children.js';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel } from '../helpers/kernel.js';

const CLOCK_TICK_NS = 10_000_000n;

/** Start of a process as /proc knows it: clock ticks since boot, whole ones. */
function startTicks(pid: number): bigint {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return BigInt(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '');
}

t.test('seed: every process that was there before', { skip: whyNoKernel() ?? false }, async (t) => {
  const here = startChild(t, ['sleep', '600'], { stdio: 'ignore' });
  const gone = await runCommand(t, ['true']);
  const watch = watchKernel(t, []);
  const { events, invalid } = decodeBatch(watch.kernel.seeds());
  const seeds = events.filter((event) => event.kind === 'seed');
  t.same(invalid, []);
  t.equal(seeds.length, events.length, 'nothing else is in the stream');
  t.equal(new Set(seeds.map(({ key }) => key.tgid)).size, seeds.length, 'each process once');

  const of = (pid: number | undefined) => seeds.find(({ key }) => key.tgid === pid);
  t.match(of(here.pid), {
    comm: 'sleep',
    uid: 0,
    parent: { tgid: process.pid },
    root: null,
  });
  for (const pid of [process.ppid, process.pid, here.pid ?? 0]) {
    const seed = of(pid);
    t.equal((seed?.key.startNs ?? 0n) / CLOCK_TICK_NS, startTicks(pid), 'the start, but exact');
  }
  t.same(of(here.pid)?.parent, of(process.pid)?.key, 'parents are named by their whole key');
  t.equal(of(gone.pid), undefined, 'who has gone is not there');
});
