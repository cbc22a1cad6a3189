import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { decodeBatch } from '../../src/decode/index.js';
import { stillThere } from '../helpers/bpf-objects.js';
import { runCommand, startChild } from '../helpers/children.js';
import { cgroupMount } from '../helpers/environment.js';
import { makePinDirectory, whyNoPins } from '../helpers/pin-directory.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const FIXTURE = fileURLToPath(new URL('fixtures/pinned.mjs', import.meta.url));
const skip = whyNoPins() ?? false;

interface Line {
  readonly event: string;
  readonly pinning?: {
    readonly state: string;
    readonly adopted: boolean;
    readonly links: number;
  };
  readonly adopted?: {
    readonly lanes: readonly { readonly taken: number }[];
    readonly notes: readonly object[];
  };
  readonly ids?: readonly string[];
  readonly bytes?: string;
  readonly emitted?: number;
}

interface Holder {
  said(event: string): Promise<Line>;
  ask(command: string): void;
  kill(): Promise<void>;
}

interface Sizes {
  readonly lifecycle?: number;
}

/** A process that opens a sensor with pins in `directory` and does what it is told. */
function hold(t: Test, directory: string, { lifecycle = 65_536 }: Sizes = {}): Holder {
  const args = [directory, String(lifecycle), cgroupMount() ?? ''];
  const child = spawn(process.execPath, [FIXTURE, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text) as Line);
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  t.teardown(kill);
  return {
    said: (event) => waitFor(event, () => lines.find((line) => line.event === event)),
    ask: (command) => child.stdin.write(`${command}\n`),
    kill,
  };
}

async function close(holder: Holder): Promise<void> {
  holder.ask('close');
  await holder.said('closed');
}

const linksOf = ({ ids = [] }: Line): string[] => ids.filter((id) => id.startsWith('link')).sort();

const eventsOf = ({ bytes = '' }: Line) => decodeBatch(Buffer.from(bytes, 'base64')).events;

const execsOf = (line: Line): string[] =>
  eventsOf(line).flatMap((event) => (event.kind === 'exec' ? [event.argv[1] ?? ''] : []));

/** Directory of the one build there is. */
const buildIn = (directory: string): string => {
  const [build = '', ...others] = readdirSync(directory);
  if (others.length > 0) throw new Error(`more than one: ${build} ${others.join(' ')}`);
  return join(directory, build);
};

t.test('killed: its links stay, and the next process reads what came', { skip }, async (t) => {
  const directory = makePinDirectory(t);
  // A program nobody else runs; the fixture makes it a candidate.
  const program = join(scratchDirectory(t), 'wf-pinned');
  copyFileSync('/bin/true', program);
  const first = hold(t, directory);
  const opened = await first.said('open');
  const links = linksOf(opened);
  t.match(opened.pinning, { state: 'pinned', adopted: false });
  t.ok(links.length >= 3, 'it was attached');
  await runCommand(t, [program, 'taken']);
  first.ask('drain');
  const taken = await first.said('drained');
  t.same(execsOf(taken), ['taken']);
  await first.kill();
  t.same(stillThere(new Set(links)).sort(), links, 'its links are there without it');
  for (const n of ['1', '2', '3']) await runCommand(t, [program, n]);

  const second = hold(t, directory);
  const again = await second.said('open');
  t.match(again.pinning, { state: 'pinned', adopted: true, links: links.length });
  t.same(linksOf(again), links, 'the same links, and no other');
  t.same(again.adopted?.notes, [{ rootTgid: 7, rootStartNs: '70', text: 'who it was' }]);
  const count = (again.adopted?.lanes ?? []).reduce((sum, lane) => sum + lane.taken, 0);
  t.equal(count, eventsOf(taken).length, 'what the first one took is known');
  second.ask('drain');
  const rest = await second.said('drained');
  t.same(execsOf(rest), ['1', '2', '3'], 'each once');
  t.equal(count + eventsOf(rest).length, rest.emitted, 'emitted is what both have taken');

  second.ask('detach');
  await second.said('detached');
  await waitFor('the links to end', () => stillThere(new Set(links)).length === 0);
  t.ok(existsSync(`${buildIn(directory)}/map_wf_ring_lifecycle`), 'the rings are still there');
  await close(second);
  t.same(readdirSync(directory), [], 'no pin is left');
});

t.test('a relay ends with the process that asked for it; names do not', { skip }, async (t) => {
  const directory = makePinDirectory(t);
  const program = join(scratchDirectory(t), 'wf-pinned');
  copyFileSync('/bin/true', program);
  const relay = startChild(t, ['sh', '-c', 'while read -r _; do true & wait; echo; done'], {
    stdio: 'pipe',
  });
  const ask = async (): Promise<void> => {
    relay.stdin?.write('x\n');
    await once(relay.stdout as Readable, 'data');
  };
  const first = hold(t, directory);
  await first.said('open');
  first.ask('seeds');
  const pid = relay.pid ?? 0;
  const seed = eventsOf(await first.said('seeds')).find(({ key }) => key.tgid === pid);
  first.ask(`relay ${pid} ${seed?.key.startNs ?? 0n}`);
  await first.said('relay');
  await ask();
  await first.kill();

  const second = hold(t, directory);
  t.match((await second.said('open')).pinning, { adopted: true });
  await ask();
  await runCommand(t, ['env', '-i', 'WF_VALUE=kept', program]);
  second.ask('drain');
  const events = eventsOf(await second.said('drained'));
  const forks = events.filter(({ kind, key }) => kind === 'fork' && key.tgid === pid);
  t.equal(forks.length, 1, 'only the child of the time when somebody had asked');
  t.match(forks[0], { scope: 'relay' });
  const execs = events.flatMap((event) => (event.kind === 'exec' ? [event.env] : []));
  t.same(execs, [{ WF_VALUE: 'kept' }]);
  await close(second);
});

t.test('a link that is not there, or that was detached, is made anew', { skip }, async (t) => {
  const directory = makePinDirectory(t);
  const first = hold(t, directory);
  const links = linksOf(await first.said('open'));
  await first.kill();
  const build = buildIn(directory);
  rmSync(`${build}/link_wf_exec`);
  const detachable = `${build}/link_wf_connect4`;
  const detached = existsSync(detachable) ? 1 : 0;
  const detach = ['bpftool', 'link', 'detach', 'pinned', detachable] as const;
  if (detached > 0) t.equal((await runCommand(t, detach)).code, 0);
  const second = hold(t, directory);
  const again = await second.said('open');
  t.match(again.pinning, { adopted: true, links: links.length - 1 - detached });
  t.equal(linksOf(again).length, links.length);
  t.ok(existsSync(`${build}/link_wf_exec`), 'and pinned');
  await close(second);
});

t.test('other sizes are another state: the old one is removed, not read', { skip }, async (t) => {
  const directory = makePinDirectory(t);
  const first = hold(t, directory);
  const links = linksOf(await first.said('open'));
  await first.kill();
  const second = hold(t, directory, { lifecycle: 8192 });
  t.match((await second.said('open')).pinning, { state: 'pinned', adopted: false, discarded: 1 });
  await waitFor('the old links to end', () => stillThere(new Set(links)).length === 0);
  t.ok(buildIn(directory));
  await close(second);
});

t.test('half a state is no state', { skip }, async (t) => {
  const directory = makePinDirectory(t);
  const first = hold(t, directory);
  await first.said('open');
  await first.kill();
  rmSync(`${buildIn(directory)}/map_wf_scope_map`);
  const second = hold(t, directory);
  t.match((await second.said('open')).pinning, { state: 'pinned', adopted: false });
  await close(second);
  t.same(readdirSync(directory), []);
});

t.test('where nothing can be pinned the sensor works and says so', { skip }, async (t) => {
  const holder = hold(t, scratchDirectory(t));
  const opened = await holder.said('open');
  t.match(opened.pinning, { state: 'refused', detail: /not a directory of a bpf file system/ });
  await holder.kill();
  await waitFor('the kernel to let go', () => stillThere(new Set(opened.ids)).length === 0);
});
