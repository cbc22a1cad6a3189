import { copyFileSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import t, { type Test } from 'tap';
import { fixedLinksOf, stillThere } from '../helpers/bpf-objects.js';
import { runCommand, startChild } from '../helpers/children.js';
import { makePlace, readAll, startDaemon, type Daemon } from '../helpers/daemon.js';
import { ofKind, type Line } from '../helpers/line.js';
import { makePinDirectory, whyNoPins } from '../helpers/pin-directory.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const ROUNDS = 10;
const ACTIONS = 20;
const skip = whyNoPins() ?? false;

/** What an agent says it does, before it does it. */
interface Act {
  readonly token: string;
  readonly atMs: number;
}

/** Executes `true TOKEN` and connects; a line of its own before each. Ends with its standard input. */
const SCRIPT = `
act() { echo "$EPOCHREALTIME $1"; /bin/true "$1"; }
connect() { (exec 3<>"/dev/tcp/127.0.0.1/$port") }
port=$1
while read -r what token count; do
  case $what in
    load) for ((i = 0; i < count; i++)); do act "$token-$i"; done ;;
    connect) for ((i = 0; i < count; i++)); do connect; done ;;
  esac
  echo "0 done-$what-$token"
done
`;

interface Agent {
  readonly child: ChildProcess;
  readonly said: Act[];
  ask(what: 'load' | 'connect', token: string, count: number): void;
  did(what: 'load' | 'connect', token: string): Promise<unknown>;
  end(): Promise<void>;
}

function startAgent(t: Test, shell: string, port: number): Agent {
  const child = startChild(t, [shell, '-c', SCRIPT, 'agent', String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said: Act[] = [];
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [at = '', token = ''] = line.split(' ');
      said.push({ token, atMs: Number(at) * 1000 });
    }
  });
  return {
    child,
    said,
    ask: (what, token, count) => child.stdin?.write(`${what} ${token} ${count}\n`),
    did: (what, token) =>
      waitFor(`${what} ${token}`, () => said.some((act) => act.token === `done-${what}-${token}`)),
    end: async () => {
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    },
  };
}

/** Knows the port each connection came from. */
async function listen(t: Test): Promise<{ server: Server; port: number; peers: number[] }> {
  const peers: number[] = [];
  const server = createServer((socket) => {
    peers.push(socket.remotePort ?? 0);
    socket.on('error', () => undefined).resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { server, port: (server.address() as AddressInfo).port, peers };
}

const tokensOf = (lines: readonly Line[]): Map<string, number> => {
  const count = new Map<string, number>();
  for (const { process } of ofKind(lines, 'exec')) {
    const token = process?.argv[1] ?? '';
    count.set(token, (count.get(token) ?? 0) + 1);
  }
  return count;
};

/** The local ports of connections to `port`, sorted; one that is used again is there again. */
const flowsTo = (lines: readonly Line[], port: number): number[] =>
  ofKind(lines, 'flow')
    .filter(({ net }) => net?.dst_port === port)
    .map(({ net }) => net?.src_port ?? 0)
    .sort((a, b) => a - b);

const of = (kind: string, lines: readonly Line[], pid: number): number =>
  ofKind(lines, kind).filter(({ process }) => process?.pid === pid).length;

/** Losses of rings; a killed daemon leaves a gap of its own. */
const ringGaps = (lines: readonly Line[]): Line[] =>
  ofKind(lines, 'gap').filter(({ gap }) => gap?.stage !== 'daemon');

interface RingStatus {
  readonly ring: string;
  readonly emitted: number;
  readonly dropped: number;
  readonly residual: number;
}

interface PipelineStatus {
  readonly agents: number;
  readonly accounting: { readonly rings: readonly RingStatus[] };
}

async function pipelineOf(t: Test, daemon: Daemon): Promise<PipelineStatus> {
  const { stdout } = await runCommand(t, daemon.place.command('status', '-o', 'json'));
  return (JSON.parse(stdout) as { pipeline: PipelineStatus }).pipeline;
}

const pinnedLinks = (directory: string): number =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('/link_'),
  ).length;

t.test('kill -9: what agents do without a daemon is journaled, once', { skip }, async (t) => {
  const shell = join(scratchDirectory(t), 'f07-agent');
  copyFileSync('/bin/bash', shell);
  const { port, peers } = await listen(t);
  const pinDirectory = makePinDirectory(t);
  const place = makePlace(t, {
    pin_dir: pinDirectory,
    sensor: { pin: true },
    agents: { signatures: false, rules: [{ id: 'test/faults/pins', match: { exe: [shell] } }] },
  });
  let daemon = await startDaemon(t, place);
  const links = fixedLinksOf(daemon.pid);
  t.ok(links.length >= 3, 'its tracepoints, and cgroup programs where there are cgroups');
  t.equal(pinnedLinks(pinDirectory), links.length, 'are pinned');
  const old = startAgent(t, shell, port);
  const must: string[] = [];
  const may: string[] = [];
  const roots = [old.child.pid ?? 0];

  for (let round = 0; round < ROUNDS; round += 1) {
    const leaving = startAgent(t, shell, port);
    for (const agent of [old, leaving]) agent.ask('load', `before${round}`, 1);
    const before = daemon.follow();
    await waitFor('both agents in the journal', () => {
      return tokensOf(before).get(`before${round}-0`) === 2;
    });
    old.ask('load', `over${round}`, 40 * ACTIONS);
    await waitFor('the load to run', () =>
      old.said.some(({ token }) => token === `over${round}-9`),
    );
    await daemon.kill();
    const killedMs = Date.now() + 1;
    t.same(stillThere(new Set(links)).sort(), links, 'the links are there without it');

    old.ask('load', `dark${round}`, ACTIONS);
    const first = peers.length;
    leaving.ask('load', `leaving${round}`, ACTIONS);
    leaving.ask('connect', `leaving${round}`, ACTIONS);
    await leaving.did('connect', `leaving${round}`);
    await leaving.end();
    const passing = startAgent(t, shell, port);
    passing.ask('load', `passing${round}`, ACTIONS);
    passing.ask('connect', `passing${round}`, ACTIONS);
    await passing.did('connect', `passing${round}`);
    await passing.end();
    roots.push(leaving.child.pid ?? 0, passing.child.pid ?? 0);
    await waitFor('the connections', () => peers.length === first + 2 * ACTIONS);

    const startedMs = performance.now();
    daemon = await startDaemon(t, place);
    t.comment(
      `round ${round}: answers ${Math.round(performance.now() - startedMs)} ms after start`,
    );
    t.same(fixedLinksOf(daemon.pid), links, 'it holds the same links');
    t.equal(pinnedLinks(pinDirectory), links.length, 'and no others are pinned');
    await old.did('load', `dark${round}`);
    for (const { token, atMs } of [...leaving.said, ...passing.said, ...old.said]) {
      if (token.startsWith('done') || !token.includes(String(round))) continue;
      (atMs > killedMs ? must : may).push(token);
    }
  }

  const lines = await waitFor('everything in the journal', async () => {
    const all = await readAll(t, place);
    const seen = tokensOf(all);
    const isThere = must.every((token) => seen.has(token));
    return isThere && flowsTo(all, port).length >= peers.length ? all : null;
  });
  const seen = tokensOf(lines);
  t.same(
    must.filter((token) => seen.get(token) !== 1),
    [],
    'after a kill: once',
  );
  t.same(
    may.filter((token) => (seen.get(token) ?? 0) > 2),
    [],
    'before a kill: not twice',
  );
  t.same(
    flowsTo(lines, port),
    peers.sort((a, b) => a - b),
    'connections: once',
  );
  t.ok(must.length >= ROUNDS * 3 * ACTIONS && may.length > 0, 'and there were some');
  t.same(
    roots.filter((pid) => of('agent', lines, pid) !== 1),
    [],
    'who an agent is: once',
  );
  const ended = roots.filter((pid) => pid !== old.child.pid);
  t.same(
    ended.filter((pid) => of('exit', lines, pid) !== 1),
    [],
    'its end: once',
  );
  t.ok(
    lines.every(({ seq }, i) => Number(seq) === Number(lines[0]?.seq) + i),
    'no hole in numbers',
  );
  t.equal(new Set(lines.map((line) => line.event_id)).size, lines.length, 'no id twice');
  t.same(ringGaps(lines), [], 'no ring lost anything');
  const { agents, accounting } = await waitFor('an even account', async () => {
    const now = await pipelineOf(t, daemon);
    return now.accounting.rings.every(({ residual }) => residual === 0) ? now : null;
  });
  t.equal(agents, 1, 'who ended without a daemon is not thought to live');
  const execs = accounting.rings.find(({ ring }) => ring === 'lifecycle');
  t.ok((execs?.emitted ?? 0) > must.length, 'the account is that of all daemons together');
  t.equal(await daemon.stop(), 0);
  await waitFor('the kernel to let go', () => stillThere(new Set(links)).length === 0);
  t.same(readdirSync(pinDirectory), [], 'a clean stop leaves no pin');
});

t.test('what the rings had no room for without a daemon is a gap', { skip }, async (t) => {
  const shell = join(scratchDirectory(t), 'f07-agent');
  copyFileSync('/bin/bash', shell);
  const place = makePlace(t, {
    pin_dir: makePinDirectory(t),
    sensor: { pin: true, ring_bytes: { lifecycle: 65_536 } },
    agents: { signatures: false, rules: [{ id: 'test/faults/full', match: { exe: [shell] } }] },
  });
  const first = await startDaemon(t, place);
  const agent = startAgent(t, shell, 0);
  agent.ask('load', 'before', 1);
  const before = first.follow();
  await waitFor('the agent in the journal', () => tokensOf(before).has('before-0'));
  await first.kill();
  const count = 50 * ACTIONS;
  agent.ask('load', 'flood', count);
  await agent.did('load', 'flood');
  const second = await startDaemon(t, place);
  agent.ask('load', 'after', 1);
  const { accounting, agents } = await waitFor('an even account', async () => {
    const now = await pipelineOf(t, second);
    return now.accounting.rings.every(({ residual }) => residual === 0) ? now : null;
  });
  const dropped = accounting.rings.find(({ ring }) => ring === 'lifecycle')?.dropped ?? 0;
  t.ok(dropped > 0, 'the ring was full');
  t.equal(agents, 1);
  const lines = await waitFor('what came after', async () => {
    const all = await readAll(t, place);
    return tokensOf(all).has('after-0') ? all : null;
  });
  const seen = [...tokensOf(lines).keys()].filter((token) => token.startsWith('flood'));
  t.ok(seen.length > 0 && seen.length < count, 'some came, some did not');
  await waitFor('every one that did not to be told', async () => {
    const told = ringGaps(await readAll(t, place));
    return told.reduce((sum, { gap }) => sum + Number(gap?.count), 0) === dropped;
  });
  await agent.end();
  t.equal(await second.stop(), 0);
});

t.test('where nothing can be pinned the daemon runs and says so', { skip }, async (t) => {
  const place = makePlace(t, { pin_dir: scratchDirectory(t), sensor: { pin: true } });
  const daemon = await startDaemon(t, place);
  const { code, stdout } = await runCommand(t, place.command('status'));
  t.equal(code, 1);
  t.match(stdout, /missing +pins: the kernel state does not outlive the daemon: .*bpf file system/);
  t.equal(await daemon.stop(), 0);
  const lines = await readAll(t, place);
  t.equal(lines.filter(({ sensor }) => sensor?.event === 'pins').length, 1, 'the journal too');
});

t.test('where no daemon is to follow, doctor ends what was left', { skip }, async (t) => {
  const pinDirectory = makePinDirectory(t);
  const place = makePlace(t, { pin_dir: pinDirectory, sensor: { pin: true } });
  const daemon = await startDaemon(t, place);
  const links = fixedLinksOf(daemon.pid);
  const used = await runCommand(t, place.command('doctor', '--unpin'));
  t.match(used.stdout, /ok +pins .*in use/, 'a living one keeps what is its own');
  await daemon.kill();
  t.same(stillThere(new Set(links)).sort(), links);
  const { stdout } = await runCommand(t, place.command('doctor', '--unpin'));
  t.match(stdout, /ok +pins .*ended now/);
  await waitFor('the kernel to let go', () => stillThere(new Set(links)).length === 0);
});
