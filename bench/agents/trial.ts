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
import type { RecordLine } from './judge.js';
import { startWitness, type SeenExec } from './witness.js';

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
  readonly agent: RealAgent;
  /** In the argv of every program the tool call ran, and in the URL it asked for. */
  readonly oracle: string;
  readonly ended: Finished;
  readonly heard: readonly Heard[];
  /** What the agent's process and its descendants executed, by the witness. */
  readonly seen: readonly SeenExec[];
  readonly records: readonly RecordLine[];
}

/** A network namespace with nothing but loopback, and the model in it. */
interface Net {
  readonly pid: number;
  readonly url: string;
  readonly heard: readonly Heard[];
}

/** The daemon has no configuration: what it says of the agent comes from its signatures. */
export async function tryAgent(t: Owner, agent: RealAgent, command: string): Promise<Trial> {
  const oracle = `oracle-${randomBytes(6).toString('hex')}`;
  const net = await startModel(t, agent, oracle);
  const witness = await startWitness(t);
  const place = makePlace(t, {});
  const daemon = await startDaemon(t, place);
  const ended = await runAgent(t, net, agent, command);
  await endAllBeside(net.pid);
  await witness.settle();
  const code = await daemon.stop();
  if (code !== 0) throw new Error(`the daemon ended with ${String(code)}`);
  // The tests' helper knows fewer fields than a record has.
  const records = (await readAll(t, place)) as unknown as RecordLine[];
  const seen = witness.execsUnder(ended.pid);
  return { agent, oracle, ended, heard: net.heard, seen, records };
}

async function startModel(t: Owner, { dialect }: RealAgent, oracle: string): Promise<Net> {
  const tool = [
    `git -c oracle.id=${oracle} --version`,
    `node -e 1 ${oracle}`,
    `curl -s http://127.0.0.1:{port}/${oracle}`,
  ].join('; ');
  const server = [process.execPath, MODEL, '--dialect', dialect, '--command', tool];
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

async function runAgent(t: Owner, net: Net, agent: RealAgent, command: string): Promise<Finished> {
  const home = join(scratchDirectory(t), 'home');
  mkdirSync(home);
  execFileSync('git', ['init', '--quiet', home], { env: { ...process.env, HOME: home } });
  const setting = { url: net.url, home, prompt: 'Say what programs there are.' };
  for (const [name, content] of Object.entries(agent.files?.(setting) ?? {})) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), JSON.stringify(content));
  }
  // Nothing of the environment of whoever runs this: it may be an agent itself.
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    HOME: home,
    TERM: 'dumb',
    LANG: 'C.UTF-8',
    ...agent.env(setting),
  };
  const enter = ['nsenter', '--net', '--target', String(net.pid), '--'] as const;
  return runCommand(t, [...enter, command, ...agent.args(setting)], {
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
