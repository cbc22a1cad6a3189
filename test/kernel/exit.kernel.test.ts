import t from 'tap';
import { runCommand } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';

const SIGKILL = 9;
/** As wait(2) gives it: the code in the second byte, or the signal in the first. */
const WAYS = [
  { args: ['code', '0'], waitStatus: 0 },
  { args: ['code', '7'], waitStatus: 7 << 8 },
  { args: ['signal', String(SIGKILL)], waitStatus: SIGKILL },
  { args: ['thread', '5'], waitStatus: 5 << 8 },
] as const;

t.test(
  'exit: the status once, when the last thread leaves',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const program = compileTrigger('exit-status');
    const watch = watchKernel(t, [program]);
    const pids: number[] = [];
    for (const { args } of WAYS) {
      const { pid } = await runCommand(t, [program, ...args]);
      await watch.ended(pid);
      pids.push(pid);
    }
    const other = await runCommand(t, [strangerOf(t, program), 'code', '7']);
    watch.stop();
    for (const [index, { args, waitStatus }] of WAYS.entries()) {
      const exits = watch.of('exit', pids[index] ?? 0);
      t.same(
        exits.map((exit) => exit.waitStatus),
        [waitStatus],
        args.join(' '),
      );
    }
    t.equal(other.code, 7);
    t.same(watch.about(other.pid), [], 'a stranger gives nothing');
  },
);
