import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import t from 'tap';
import { endChild, runCommand, startChild, withoutRunner } from '../helpers/children.js';
import { whyNoKernel } from '../helpers/environment.js';
import { waitFor } from '../helpers/wait.js';

const HOSTS = '/etc/hosts';
const leftovers = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('watchfloor-demo-'));

t.test(
  'the demo finds exactly those that went around',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const [hosts, before] = [readFileSync(HOSTS, 'utf8'), leftovers()];
    const demo = await runCommand(t, withoutRunner(['scripts/demo']));
    t.equal(demo.code, 0, `${demo.stdout}\n${demo.stderr}`);
    t.match(demo.stdout, /^demo: went around: 3, findings: 3\b/m);
    t.match(demo.stdout, 'bypass.direct_egress', 'the findings are on the terminal');
    t.equal(readFileSync(HOSTS, 'utf8'), hosts, "the machine's hosts file is as it was");
    t.same(leftovers(), before, 'no file stays behind');
  },
);

t.test('an interrupted demo cleans up', { skip: whyNoKernel() ?? false }, async (t) => {
  const before = leftovers();
  const demo = startChild(t, withoutRunner(['scripts/demo']), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  demo.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await waitFor('the daemon of the demo', () => text.includes('the daemon watches'));
  const children = childrenOf(demo.pid ?? 0);
  t.ok(children.length >= 3, 'servers and the daemon run');
  await endChild(demo, 'SIGINT');
  await waitFor('its children to end', () => children.every((pid) => parentOf(pid) === null));
  t.same(leftovers(), before, 'no file stays behind');
});

/** Pids of the running children of a process. */
function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => parentOf(pid) === parent);
}

/** null: there is no such process. */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}
