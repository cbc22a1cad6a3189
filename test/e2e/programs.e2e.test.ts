import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import t from 'tap';
import { startChild, withoutRunner } from '../helpers/children.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { findings, ofKind, type Line } from '../helpers/line.js';
import { startModelServer, type Request } from '../helpers/model-server.js';
import { makeNetworkNamespace, MODEL_ADDRESS } from '../helpers/network-namespace.js';
import { waitFor } from '../helpers/wait.js';

const RUNS = 100;
const AGENT = 'test/e2e/agent';
const SCRIPT = resolve('test/e2e/agent.sh');

const config = {
  agents: {
    signatures: false,
    rules: [{ id: AGENT, match: { exe: [realpathSync('/bin/bash')], argv: [`*${SCRIPT} *`] } }],
  },
  governance: { default: { proxy: 'required' } },
};

interface Program {
  readonly name: string;
  readonly exe: string;
  readonly host: string;
  readonly path: string;
}
const PROGRAMS: readonly Program[] = [
  {
    name: 'curl',
    exe: realpathSync('/usr/bin/curl'),
    host: 'api.openai.com',
    path: '/v1/chat/completions',
  },
  {
    name: 'python',
    exe: realpathSync('/usr/bin/python3'),
    host: 'api.anthropic.com',
    path: '/v1/messages',
  },
  {
    name: 'node',
    exe: realpathSync(process.execPath),
    host: 'api.openai.com',
    path: '/v1/chat/completions',
  },
];

t.test('curl, Python and Node started by an agent', { skip: whyNoKernel() ?? false }, async (t) => {
  t.setTimeout(300_000);
  const net = makeNetworkNamespace(t);
  const server = await startModelServer(t, net);
  const daemon = await startDaemon(t, makePlace(t, config));
  const live = daemon.follow();

  const agent = startChild(
    t,
    net.inside(
      withoutRunner([
        '/bin/bash',
        SCRIPT,
        String(RUNS),
        process.execPath,
        resolve('scripts/demo.d'),
      ]),
    ),
    { stdio: ['pipe', 'ignore', 'inherit'], env: { PATH: process.env.PATH, ...server.trust } },
  );
  const ended = once(agent, 'exit');
  const agentPid = agent.pid ?? 0;
  // Known as an agent before it starts anybody: what came before the verdict would be another test.
  await waitFor('the agent', () => ofKind(live, 'agent').length > 0);
  agent.stdin?.end('go\n');
  t.same(await ended, [0, null], 'the agent ran to its end');
  t.equal(server.requests.length, RUNS * PROGRAMS.length, 'the server answered every run');
  // What does not come in time is named below, run by run.
  await waitFor('every exchange and every finding in tail', () => {
    const all = server.requests.length;
    return (
      ofKind(live, 'http').length >= all && findings(live, 'bypass.direct_egress').length >= all
    );
  }).catch(() => undefined);
  t.equal(await daemon.stop(), 0, 'the daemon ends cleanly');

  const lines = (await readAll(t, daemon.place)).filter(({ agent }) => agent?.id === AGENT);
  for (const program of PROGRAMS) {
    await t.test(`${program.name}: ${RUNS} runs, each seen once`, async (t) => {
      for (let run = 0; run < RUNS; run++) {
        const path = `${program.path}/${program.name}-${run}`;
        const request = server.requests.find((request) => request.path === path);
        t.same(problemsOf(lines, program, path, request, agentPid), [], path);
      }
    });
  }
  t.equal(ofKind(lines, 'http').length, server.requests.length, 'no exchange is doubled');
  t.equal(
    new Set(lines.map(({ event_id }) => event_id)).size,
    lines.length,
    'no event id is given twice',
  );
  const start = lines.findIndex(({ process }) => process?.pid === agentPid);
  t.not(start, -1, 'the agent itself was seen');
});

/** Everything that is wrong about one run; a failure shows all of it at once. */
function problemsOf(
  lines: readonly Line[],
  { exe, host }: Program,
  path: string,
  request: Request | undefined,
  agentPid: number,
): string[] {
  if (request === undefined) return ['the server did not see it'];
  const problems: string[] = [];
  const expect = (what: string, got: unknown, want: unknown): void => {
    if (got !== want) problems.push(`${what}: ${String(got)}, not ${String(want)}`);
  };
  const starts = ofKind(lines, 'exec').filter(
    ({ process }) => process?.exe === exe && process.argv.some((one) => one.endsWith(path)),
  );
  const pid = starts[0]?.process?.pid;
  const mine = lines.filter(({ process }) => process?.pid === pid);
  const exchanges = ofKind(lines, 'http').filter(({ http }) => http?.path === path);
  const bypasses = findings(mine, 'bypass.direct_egress');
  const flows = ofKind(mine, 'flow').filter(({ net }) => net?.dst_ip === MODEL_ADDRESS);
  const [[exchange], [flow]] = [exchanges, flows];
  expect('http records', exchanges.length, 1);
  expect('flow records', flows.length, 1);
  expect('bypass.direct_egress', bypasses.length, 1);
  expect('method', exchange?.http?.method, request.method);
  expect('host', exchange?.http?.host, host);
  // curl maps GnuTLS as well.
  expect('library', exchange?.tls?.library, 'openssl');
  expect('status', exchange?.http?.status, 200);
  expect('source port', exchange?.net?.src_port, request.peer_port);
  expect('source address', exchange?.net?.src_ip, request.peer_ip);
  expect('destination', exchange?.net?.dst_ip, MODEL_ADDRESS);
  expect('destination port', exchange?.net?.dst_port, 443);
  expect('exe', exchange?.process?.exe, exe);
  expect(
    'chain',
    exchange?.process?.chain.some(({ pid }) => pid === agentPid),
    true,
  );
  expect('exec records', starts.length, 1);
  expect('process of the exchange', exchange?.process?.pid, pid);
  expect('source port of the flow', flow?.net?.src_port, request.peer_port);
  expect('source port of the finding', bypasses[0]?.net?.src_port, request.peer_port);
  return problems;
}
