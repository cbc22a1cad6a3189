import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import { runCommand, startChild, type Command } from '../helpers/children.js';
import { compileProgram, compileTrigger } from '../helpers/compile.js';
import { makePlace, readAll, startDaemon, type Daemon, type Place } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { reportOwn } from '../helpers/evasion-result.js';
import { ofKind, type Line } from '../helpers/line.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const skip = whyNoKernel() ?? false;
const NOOP = resolve(compileTrigger('noop'));
/** From here on every pid namespace has a limit of its own (kernel commit 7863dcc72d0f); before, it is the machine's. */
const PID_MAX_PER_NAMESPACE = [6, 14] as const;

interface Teller {
  /** Last part of its id, and what its tokens begin with. */
  readonly name: string;
  readonly shell: string;
}

/** Shells that are one agent each; whatever such a one does has its name in the arguments. */
interface Trial {
  readonly agents: readonly Teller[];
  readonly place: Place;
  readonly daemon: Daemon;
  readonly live: readonly Line[];
}

async function begin(t: Test, names: readonly string[]): Promise<Trial> {
  const agents = names.map((name) => {
    const home = join(scratchDirectory(t), name);
    mkdirSync(home);
    const shell = join(home, 'bash');
    copyFileSync('/bin/bash', shell);
    return { name, shell };
  });
  const rules = agents.map(({ name, shell }) => ({
    id: `test/evasion/${name}`,
    match: { exe: [shell] },
  }));
  const place = makePlace(t, { agents: { rules } });
  const daemon = await startDaemon(t, place);
  return { agents, place, daemon, live: daemon.follow() };
}

/** What the journal says of every token, once that is said of the last one each agent used. */
async function judge(t: Test, trial: Trial, each: number): Promise<Line[]> {
  const { agents, place, daemon, live } = trial;
  await waitFor('the last actions', () =>
    agents.every(({ name }) =>
      live.some(({ process }) => process?.argv[1] === token(name, each - 1)),
    ),
  );
  t.equal(await daemon.stop(), 0);
  const execs = ofKind(await readAll(t, place), 'exec');
  const acts = execs.filter(({ process }) => process?.exe === NOOP);
  const said = new Map<string, number>();
  for (const { process } of acts) {
    const word = process?.argv[1] ?? '';
    said.set(word, (said.get(word) ?? 0) + 1);
  }
  const due = agents.flatMap(({ name }) => Array.from({ length: each }, (_, i) => token(name, i)));
  const isOwn = ({ agent, process }: Line): boolean =>
    process?.argv[1]?.startsWith(`${agent?.id.split('/').at(-1) ?? ''}-`) === true;
  t.same(
    due.filter((word) => said.get(word) !== 1),
    [],
    'every action is there, once',
  );
  t.equal(acts.length, due.length, 'and no other');
  t.same(
    acts.filter((line) => !isOwn(line)),
    [],
    'each belongs to the agent who did it',
  );
  t.equal(new Set(acts.map(({ agent }) => agent?.session)).size, agents.length, 'one session each');
  return acts;
}

const token = (name: string, number: number): string =>
  `${name}-${number.toString().padStart(5, '0')}`;

/** `printf` makes the tokens that `token` knows. */
const LOOP = `for ((i = from; i < until; i++)); do printf -v word '%s-%05d' "$1" "$i"; "$2" "$word"; done`;

t.test(
  'three agents at once, 1,000 actions each: none is missing or another’s',
  { skip },
  async (t) => {
    const ACTIONS = 1000;
    const trial = await begin(t, ['left', 'middle', 'right']);
    const script = `from=0; until=${ACTIONS}; ${LOOP}`;
    const ends = await Promise.all(
      trial.agents.map(({ name, shell }) =>
        runCommand(t, [shell, '-c', script, 'agent', name, NOOP]),
      ),
    );
    t.same(
      ends.map(({ code }) => code),
      [0, 0, 0],
    );
    const acts = await judge(t, trial, ACTIONS);
    reportOwn(t, 'E44', 'three agents at once, 1,000 actions each', [
      `${acts.length} exec records`,
    ]);
  },
);

/** A pid namespace that has no more than 400 pids, a hundred of which are given out again and again. */
function makeSmallNamespace(t: Test): {
  inside(command: Command): Command;
  ready: Promise<unknown>;
} {
  const script = 'echo 400 > /proc/sys/kernel/pid_max && echo ready && exec sleep 300';
  const outer = startChild(
    t,
    ['unshare', '--kill-child', '-p', '-f', '--mount-proc', 'bash', '-c', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  outer.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const pid = outer.pid ?? 0;
  const inner = (): string => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return {
    inside: (command) => ['nsenter', '-t', inner(), '-p', '-m', ...command],
    ready: waitFor('the namespace', () => said.includes('ready')),
  };
}

function whyNoSmallNamespace(): string | null {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const [leastMajor, leastMinor] = PID_MAX_PER_NAMESPACE;
  const isThere = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return isThere ? null : 'pid_max is the whole machine’s on this kernel';
}

t.test(
  '5,000 forks in a namespace of 400 pids, two agents taking turns: none is the other’s',
  { skip: whyNoKernel() ?? whyNoSmallNamespace() ?? false },
  async (t) => {
    const [TURNS, A_TURN] = [100, 25];
    const trial = await begin(t, ['even', 'odd']);
    const namespace = makeSmallNamespace(t);
    await namespace.ready;
    const pipes = makePipes(t);
    const script = `for ((turn = 0; turn < ${TURNS}; turn++)); do
      read -r _ <&3; from=$((turn * ${A_TURN})); until=$((from + ${A_TURN})); ${LOOP}; echo >&4
    done`;
    const ends = trial.agents.map(({ name, shell }, i) => {
      const command: Command = [shell, '-c', script, 'agent', name, NOOP];
      return runCommand(t, redirected(namespace.inside(command), pipes, i));
    });
    start(pipes);
    t.same(
      (await Promise.all(ends)).map(({ code, stderr }) => stderr + String(code)),
      ['0', '0'],
    );
    const acts = await judge(t, trial, TURNS * A_TURN);
    const pids = new Set(acts.map(({ process }) => (process as { ns_pid?: number }).ns_pid));
    t.ok(pids.size > 1 && pids.size <= 400, 'pids were given out again');
    reportOwn(t, 'E44', '5,000 forks in a pid namespace of 400, two agents taking turns', [
      `${acts.length} exec records, ${pids.size} pids`,
    ]);
  },
);

t.test(
  '1,000 processes with one pid, two agents taking turns: none is the other’s',
  { skip },
  async (t) => {
    const EACH = 500;
    const trial = await begin(t, ['first', 'second']);
    const pipes = makePipes(t);
    const reuse = resolve(compileProgram(resolve('test/evasion/e44-pid-reuse/reuse.c')));
    const pid = spawnSync('/bin/true').pid;
    const script = `exec <&3 >&4; "$3" ${EACH} "$2" "$1" ${pid}`;
    const ends = trial.agents.map(({ name, shell }, i) =>
      runCommand(t, redirected([shell, '-c', script, 'agent', name, NOOP, reuse], pipes, i)),
    );
    start(pipes);
    t.same(
      (await Promise.all(ends)).map(({ code, stderr }) => stderr + String(code)),
      ['0', '0'],
    );
    const acts = await judge(t, trial, EACH);
    t.same([...new Set(acts.map(({ process }) => process?.pid))], [pid]);
    t.equal(new Set(acts.map(({ process }) => process?.start_ns)).size, 2 * EACH);
    reportOwn(t, 'E44', '1,000 processes with one pid, two agents taking turns', [
      `${acts.length} exec records`,
    ]);
  },
);

/** Two pipes with names: what one agent says is what the other waits for. */
function makePipes(t: Test): readonly [string, string] {
  const directory = scratchDirectory(t);
  const pipes = [join(directory, 'a'), join(directory, 'b')] as const;
  execFileSync('mkfifo', pipes);
  return pipes;
}

/** The command with the pipes at 3 (to wait on) and 4 (to say something). */
function redirected(command: Command, pipes: readonly [string, string], index: number): Command {
  const [from, to] = index === 0 ? pipes : [pipes[1], pipes[0]];
  return ['sh', '-c', 'exec 3<> "$1" 4<> "$2"; shift 2; exec "$@"', 'sh', from, to, ...command];
}

/** The first one's turn. */
function start([first]: readonly [string, string]): void {
  if (!existsSync(first)) throw new Error(`${first} is not there`);
  execFileSync('bash', ['-c', 'echo > "$1"', 'bash', first]);
}
