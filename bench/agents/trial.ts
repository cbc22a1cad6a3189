import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  endChild,
  followJson,
  runCommand,
  startChild,
  type Finished,
  type Owner,
} from '../../test/helpers/children.js';
import { makePlace, readAll, startDaemon } from '../../test/helpers/daemon.js';
import { scratchDirectory } from '../../test/helpers/scratch.js';
import { waitFor } from '../../test/helpers/wait.js';
import type { RealAgent } from './catalogue.js';
import type { Part, RecordLine } from './judge.js';
import { startWitness, type Witness } from './witness.js';

const MODEL = 'build/bench/bench/agents/model.js';
/** An agent that is not done by then is ended. */
const LONGEST_MS = 45_000;

/** What the model server heard: `said` is what the model answered, null where it was not asked as a model. */
export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly said: string | null;
}

/** One start of a real agent beside the daemon. */
export interface Trial {
  /** In the argv of every program the tool call ran, and in the URL it asked for. */
  readonly oracle: string;
  readonly ended: Finished;
  readonly heard: readonly Heard[];
  /** The agent, and behind it the one that its tool call started. */
  readonly parts: readonly Part[];
  readonly records: readonly RecordLine[];
}

/** A network namespace with nothing but loopback, and the model in it. */
interface Net {
  readonly pid: number;
  readonly url: string;
  readonly heard: readonly Heard[];
}

/** An installed agent. */
export interface Installed {
  readonly agent: RealAgent;
  readonly command: string;
}

/**
 * The daemon has no configuration: what it says of the agents comes from its signatures. With `inner` the first agent's
 * tool call starts that one, whose tool call runs the programs.
 */
export async function tryAgent(
  t: Owner,
  outer: Installed,
  inner: Installed | null,
): Promise<Trial> {
  const oracle = `oracle-${randomBytes(6).toString('hex')}`;
  const net = await startModel(t, inner, oracle);
  const witness = await startWitness(t);
  const place = makePlace(t, {});
  const daemon = await startDaemon(t, place);
  const ended = await runAgent(t, net, outer, inner);
  await endAllBeside(net.pid);
  await witness.settle();
  const code = await daemon.stop();
  if (code !== 0) throw new Error(`the daemon ended with ${String(code)}`);
  // The tests' helper knows fewer fields than a record has.
  const records = (await readAll(t, place)) as unknown as RecordLine[];
  const parts = partsOf(witness, records, ended.pid, outer, inner);
  return { oracle, ended, heard: net.heard, parts, records };
}

function partsOf(
  witness: Witness,
  records: readonly RecordLine[],
  root: number,
  { agent }: Installed,
  inner: Installed | null,
): Part[] {
  const all = witness.execsUnder(root);
  const whole = { agent, title: agent.name, root, seen: all, parent: null, hasTools: true };
  if (inner === null) return [whole];
  const { name } = inner.agent;
  const within = all.find(({ pid, file }) => pid !== root && file === inner.command)?.pid;
  if (within === undefined) throw new Error(`${agent.name} did not start ${name}`);
  const seen = witness.execsUnder(within);
  const pids = new Set(seen.map(({ pid }) => pid));
  const rest = all.filter(({ pid }) => !pids.has(pid));
  const parent = records.find(({ process }) => process?.pid === root)?.agent?.session ?? 'none';
  const below = { ...whole, agent: inner.agent, root: within, seen, parent };
  return [
    { ...whole, title: `${agent.name}, which starts ${name}`, seen: rest, hasTools: false },
    { ...below, title: `${name}, started by ${agent.name}` },
  ];
}

/** Whoever asks with it is told to run the programs, and with the other to start the other agent. */
const PROMPT = 'Say what programs there are.';
const ASK_ANOTHER = 'Ask another agent what programs there are.';

/** What is asked, and the command that the model answers with; the first that fits. */
function answersFor(inner: Installed | null, oracle: string): (readonly [string, string])[] {
  const tool = [
    `git -c oracle.id=${oracle} --version`,
    `node -e 1 ${oracle}`,
    `curl -s http://127.0.0.1:{port}/${oracle}`,
  ].join('; ');
  if (inner === null) return [[PROMPT, tool]];
  const setting = { url: 'http://127.0.0.1:{port}', prompt: PROMPT };
  const start = [inner.command, ...inner.agent.args(setting)].map(quoted).join(' ');
  return [
    [ASK_ANOTHER, `${start} </dev/null`],
    [PROMPT, tool],
  ];
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

async function startModel(t: Owner, inner: Installed | null, oracle: string): Promise<Net> {
  const answers = JSON.stringify(answersFor(inner, oracle));
  const server = [process.execPath, MODEL, '--answers', answers];
  const inside = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...server];
  const child = startChild(t, ['unshare', '--net', ...inside], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = followJson<Heard | { port: number }>(child);
  const first = await waitFor('the model server', () => lines[0]);
  if (!('port' in first)) throw new Error('the model server did not say its port');
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${first.port}`,
    get heard() {
      return lines.filter((line): line is Heard => 'path' in line);
    },
  };
}

async function runAgent(
  t: Owner,
  net: Net,
  outer: Installed,
  inner: Installed | null,
): Promise<Finished> {
  const home = join(scratchDirectory(t), 'home');
  mkdirSync(join(home, 'tmp'), { recursive: true });
  const setting = { url: net.url, prompt: inner === null ? PROMPT : ASK_ANOTHER };
  // Nothing of the environment of whoever runs this: it may be an agent itself.
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    TERM: 'dumb',
    LANG: 'C.UTF-8',
    ...inner?.agent.env(setting),
    ...outer.agent.env(setting),
  };
  execFileSync('git', ['init', '--quiet', home], { env });
  const files = { ...inner?.agent.files?.(setting), ...outer.agent.files?.(setting) };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), JSON.stringify(content));
  }
  const enter = ['nsenter', '--net', '--target', String(net.pid), '--'] as const;
  return runCommand(t, [...enter, outer.command, ...outer.agent.args(setting)], {
    cwd: home,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    begun: async (child) => {
      const ends = setTimeout(() => void endChild(child, 'SIGKILL'), LONGEST_MS);
      child.once('exit', () => {
        clearTimeout(ends);
        // What it left behind may hold its output open.
        void endAllBeside(net.pid);
      });
    },
  });
}

/** Ends what an agent left in the network namespace of `pid`, where nobody else is. */
async function endAllBeside(pid: number): Promise<void> {
  const netOf = (one: number | string): string | null => {
    try {
      return readlinkSync(`/proc/${one}/ns/net`);
    } catch {
      return null;
    }
  };
  const net = netOf(pid);
  if (net === null || net === netOf('self')) throw new Error('the model server ended');
  await waitFor('the agent to leave nobody behind', () => {
    const left = readdirSync('/proc').filter(
      (name) => /^\d+$/.test(name) && Number(name) !== pid && netOf(name) === net,
    );
    for (const one of left) {
      try {
        process.kill(Number(one), 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    return left.length === 0;
  });
}
