import t from 'tap';
import { runCommand } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel } from '../helpers/kernel.js';

const skip = whyNoKernel() ?? false;

/** Names itself twice, and a thread; then is another program. */
const RENAMES = `
import ctypes, json, os, sys, threading
libc = ctypes.CDLL(None)
PR_SET_NAME = 15
libc.prctl(PR_SET_NAME, b'[kworker/0:1]')
thread = threading.Thread(target=lambda: libc.prctl(PR_SET_NAME, b'of a thread'))
thread.start()
thread.join()
with open('/proc/self/comm', 'w') as comm:
    comm.write('much longer than the room')
print(json.dumps({'pid': os.getpid()}), flush=True)
os.execv(sys.argv[1], sys.argv[1:])
`;

const MANY = `
import ctypes, json, os, sys
libc = ctypes.CDLL(None)
for i in range(int(sys.argv[1])):
    libc.prctl(15, b'name %d' % i)
print(json.dumps({'pid': os.getpid()}), flush=True)
`;

t.test('rename: what the first thread of an agent calls itself', { skip }, async (t) => {
  const program = compileTrigger('noop');
  const watch = watchKernel(t, []);
  const [truth] = await watch.run<{ pid: number }>(['python3', '-c', RENAMES, program]);
  const pid = truth?.pid ?? 0;
  const other = await runCommand(t, ['python3', '-c', RENAMES, program]);
  await watch.ended(pid);
  watch.stop();
  const renames = watch.of('rename', pid).map(({ from, to, scope }) => ({ from, to, scope }));
  t.same(renames, [
    { from: 'python3', to: '[kworker/0:1]', scope: 'agent' },
    { from: '[kworker/0:1]', to: 'much longer tha', scope: 'agent' },
  ]);
  t.equal(watch.of('exec', pid).at(-1)?.path, program, 'the exec is told as one, and only as one');
  t.same(watch.about(other.pid), [], 'a stranger gives nothing');
});

t.test('rename: what is too much of one process is counted', { skip }, async (t) => {
  const watch = watchKernel(t, []);
  const count = 5000;
  const [truth] = await watch.run<{ pid: number }>(['python3', '-c', MANY, String(count)]);
  await watch.ended(truth?.pid ?? 0);
  watch.stop();
  const told = watch.of('rename', truth?.pid ?? 0).length;
  const over = watch.losses
    .filter(({ ring, cause }) => ring === 'lifecycle' && cause === 'call_limit')
    .reduce((sum, loss) => sum + Number(loss.count), 0);
  t.ok(told > 0 && told < count / 10, 'few are told');
  t.equal(told + over, count, 'the others are counted');
});
