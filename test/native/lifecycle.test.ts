import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { whyNoKernel } from '../helpers/environment.js';

const skip = whyNoKernel() ?? false;

const KINDS = ['prog', 'link', 'map'] as const;
type Ids = Record<(typeof KINDS)[number], number[]>;
interface Line extends Partial<Ids> {
  readonly event: string;
  readonly message?: string;
  readonly batches?: number;
}

const FIXTURE = fileURLToPath(new URL('fixtures/sensor.mjs', import.meta.url));
const DEADLINE_MS = 30_000;

interface Run {
  readonly child: ChildProcess;
  readonly lines: Line[];
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Resolves with the first line of that event. */
  readonly said: (event: string) => Promise<Line>;
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, ['--expose-gc', FIXTURE, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: DEADLINE_MS,
  });
  const lines: Line[] = [];
  const waiting: { event: string; resolve: (line: Line) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    for (const wait of waiting) if (wait.event === line.event) wait.resolve(line);
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  const said = (event: string) =>
    new Promise<Line>((resolve) => {
      waiting.push({ event, resolve });
    });
  return { child, lines, ended, said };
}

/** Ids of all BPF objects in the kernel. */
function inKernel(kind: (typeof KINDS)[number]): Set<number> {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
  const text = execFileSync('bpftool', ['-j', kind, 'show'], { env }).toString();
  return new Set((JSON.parse(text) as { id: number }[]).map(({ id }) => id));
}

/** The kernel frees what was closed a little later: looks until nothing is left, or the deadline. */
async function leftBehind(ids: Ids): Promise<Ids> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const left = { prog: [], link: [], map: [] } as Ids;
    for (const kind of KINDS) {
      const there = inKernel(kind);
      left[kind] = ids[kind].filter((id) => there.has(id));
    }
    if (KINDS.every((kind) => left[kind].length === 0) || Date.now() > deadline) return left;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const NOTHING: Ids = { prog: [], link: [], map: [] };

const idsIn = (line: Line | undefined): Ids => ({
  prog: line?.prog ?? [0],
  link: line?.link ?? [0],
  map: line?.map ?? [0],
});

/** What the fixture held when it was open; it must have been something. */
function heldBy(t: Test, lines: readonly Line[]): Ids {
  const held = idsIn(lines.find(({ event }) => event === 'open'));
  t.ok(held.prog.length > 3 && held.link.length >= 3 && held.map.length > 3, 'was attached');
  return held;
}

for (const [title, args] of Object.entries({
  'closed: nothing is left, twice closing does nothing, the process ends by itself': ['close'],
  'closed from inside its own callback': ['closeInCallback'],
  'forgotten before it was started: the garbage collector closes it': ['forget'],
  'loaded twice: closing one instance leaves the other': ['twice'],
  'in a worker that exits': ['worker', 'exit'],
  'in a worker that is terminated': ['worker', 'terminate'],
}))
  t.test(title, { skip }, async (t) => {
    const { lines, ended } = run(...args);
    t.same(await ended, { code: 0, signal: null });
    const held = heldBy(t, lines);
    t.equal(lines.at(-1)?.event, 'closed');
    t.same(idsIn(lines.at(-1)), NOTHING, 'gone while the process lived');
    t.same(await leftBehind(held), NOTHING);
  });

for (const [title, args] of Object.entries({
  'the process exits with an open sensor': ['exit'],
  'forgotten after it was started: it goes on until the process exits': ['forgetStarted'],
}))
  t.test(title, { skip }, async (t) => {
    const { lines, ended } = run(...args);
    t.same(await ended, { code: 0, signal: null });
    t.same(await leftBehind(heldBy(t, lines)), NOTHING);
    if (args[0] === 'forgetStarted') t.equal(lines.at(-1)?.event, 'batch');
  });

t.test('killed with SIGKILL: the kernel lets go of everything', { skip }, async (t) => {
  const { child, lines, ended, said } = run('hold');
  await said('open');
  const held = heldBy(t, lines);
  const there = inKernel('link');
  t.ok(
    held.link.every((id) => there.has(id)),
    'its links are visible while it runs',
  );
  child.kill('SIGKILL');
  t.same(await ended, { code: null, signal: 'SIGKILL' });
  t.same(await leftBehind(held), NOTHING);
});

t.test(
  'an exception in the callback reaches uncaughtException; records go on',
  { skip },
  async (t) => {
    const { lines, ended } = run('throws');
    t.same(await ended, { code: 0, signal: null });
    t.match(
      lines.find(({ event }) => event === 'uncaught'),
      { message: 'from the callback' },
    );
    t.match(lines.at(-1), { event: 'closed', batches: 2 });
    t.same(idsIn(lines.at(-1)), NOTHING);
    t.same(await leftBehind(heldBy(t, lines)), NOTHING);
  },
);
