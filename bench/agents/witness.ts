import { createInterface } from 'node:readline';
import { startChild, type Owner } from '../../test/helpers/children.js';
import { waitFor } from '../../test/helpers/wait.js';

/** A successful execve, as the kernel's own tracer saw it: the path as it was given, of a script the script's. */
export interface SeenExec {
  readonly pid: number;
  readonly file: string;
}

/** Whom watchfloor is compared with. It has nothing in common with it but the kernel. */
export interface Witness {
  /** Everything that descends from this process, itself too, in the order it was executed. */
  execsUnder(pid: number): readonly SeenExec[];
  /** Resolves when everything that happened before the call was read. */
  settle(): Promise<void>;
}

/** An ftrace instance of its own, under a tracefs that only this process has mounted; both end with their standard input. */
const SCRIPT = `
set -eu
mount -t tracefs none /sys/kernel/tracing
here=/sys/kernel/tracing/instances/$1
mkdir "$here"
trap 'rmdir "$here"' EXIT
echo 8192 > "$here/buffer_size_kb"
echo 1 > "$here/events/sched/sched_process_fork/enable"
echo 1 > "$here/events/sched/sched_process_exec/enable"
echo ready
cat "$here/trace_pipe" &
read -r _ || true
# The shell would tell that it ended.
exec 2>/dev/null
kill $!
wait $! || true
`;

const FORK = /sched_process_fork: .*? pid=(\d+) child_comm=.* child_pid=(\d+)$/;
const EXEC = /sched_process_exec: filename=(.*) pid=(\d+) old_pid=\d+$/;

export async function startWitness(t: Owner): Promise<Witness> {
  const name = `watchfloor-${process.pid}-${Date.now()}`;
  const own = ['unshare', '--mount', '--propagation', 'private'] as const;
  const child = startChild(t, [...own, 'sh', '-c', SCRIPT, 'sh', name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => {
    child.stdin?.end();
    return waitFor(
      'the witness to end',
      () => child.exitCode !== null || child.signalCode !== null,
    );
  });
  /** Threads count: a thread of the agent may be who forks. */
  const parents = new Map<number, number>();
  const execs: SeenExec[] = [];
  let isReady = false;
  if (child.stdout === null) throw new Error('the witness has no output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') isReady = true;
    const fork = FORK.exec(line);
    if (fork !== null) parents.set(Number(fork[2]), Number(fork[1]));
    const exec = EXEC.exec(line);
    if (exec !== null) execs.push({ pid: Number(exec[2]), file: exec[1] ?? '' });
  });
  await waitFor('the witness (a kernel with ftrace)', () => {
    if (child.exitCode !== null) throw new Error('the witness could not start');
    return isReady;
  });
  return {
    execsUnder: (root) => execs.filter(({ pid }) => descends(parents, pid, root)),
    settle: async () => {
      const marker = startChild(t, ['true'], { stdio: 'ignore' });
      await waitFor('the witness to read everything', () =>
        execs.some(({ pid }) => pid === marker.pid),
      );
    },
  };
}

function descends(parents: ReadonlyMap<number, number>, pid: number, root: number): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)) {
    if (at === root) return true;
  }
  return false;
}
