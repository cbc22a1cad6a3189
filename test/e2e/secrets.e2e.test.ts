import { once } from 'node:events';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parseLines, startChild } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { makePlace, readAll, startDaemon, tail } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { startHub } from '../helpers/hub.js';
import { ofKind, type Line } from '../helpers/line.js';
import { startModelServer } from '../helpers/model-server.js';
import { makeNetworkNamespace } from '../helpers/network-namespace.js';
import { waitFor } from '../helpers/wait.js';

const RUNNER = resolve('test/e2e/runner.py');
const NODE = 'web-1';
const CORE = 'q7Zx0vKp3MtR8sLw';
const secret = (index: number): string => `${CORE}${String(index).padStart(2, '0')}YbNc`;

/** Arguments of a program that does nothing, each with one secret in a form that is promised to be taken out. */
const IN_ARGV: readonly (readonly string[])[] = [
  ['-H', `Authorization: Bearer ${secret(0)}`],
  ['-H', `Cookie: session=${secret(1)}`],
  ['-H', `x-api-key: ${secret(2)}`],
  [`-HAuthorization: Basic ${secret(3)}`],
  ['--header', `Authorization: Bearer ${secret(4)}`],
  ['-u', `user:${secret(5)}`],
  ['--user', `user:${secret(6)}`],
  ['--password', secret(7)],
  [`--password=${secret(8)}`],
  ['--token', secret(9)],
  ['--api-key', secret(10)],
  [`OPENAI_API_KEY=${secret(11)}`],
  [`DB_PASSWORD=${secret(12)}`],
  [`https://user:${secret(13)}@api.openai.com/v1/models`],
  [`https://api.openai.com/v1/models?key=${secret(14)}`],
  [`sk-proj-${secret(15)}${secret(15)}${secret(15)}`],
  [`ghp_${secret(16)}0123456789ABCDEF`],
];

/** Paths of requests that are really made, seen in the plaintext as well as in curl's own argv. */
const IN_PATHS: readonly string[] = [
  `/v1/messages?api_key=${secret(17)}`,
  `/v1/messages?x=1&access_token=${secret(18)}#fragment`,
  `/v1/sk-ant-api03-${secret(19)}${secret(19)}${secret(19)}/messages`,
];

t.test('secrets in argv and paths reach no output', { skip: whyNoKernel() ?? false }, async (t) => {
  t.equal(IN_ARGV.length + IN_PATHS.length, 20, 'twenty are planted');
  const noop = compileTrigger('noop');
  const curl = realpathSync('/usr/bin/curl');
  const python = realpathSync('/usr/bin/python3');
  const net = makeNetworkNamespace(t);
  const server = await startModelServer(t, net);
  const hub = await startHub(t);
  const config = {
    node: { name: NODE },
    publish: { ...hub.publish, agent_assembly: { enabled: true } },
    agents: {
      signatures: false,
      rules: [{ id: 'test/e2e/leaky', match: { exe: [python], argv: [`*${RUNNER}`] } }],
    },
    governance: { default: { proxy: 'required' } },
  };
  const daemon = await startDaemon(t, makePlace(t, config));
  const { place } = daemon;
  const live = daemon.follow();

  const commands = [
    ...IN_ARGV.map((args) => [noop, ...args]),
    ...IN_PATHS.map((path) => [curl, '-sS', '-d', '{}', `https://api.openai.com${path}`]),
  ];
  const agent = startChild(t, net.inside([python, RUNNER]), {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, ...server.trust },
  });
  const ended = once(agent, 'exit');
  // Known as an agent before it does anything: what it starts is then watched from its first instruction on.
  await waitFor('the agent', () => ofKind(live, 'agent').length > 0);
  agent.stdin?.end(JSON.stringify(commands));
  t.same(await ended, [0, null], 'every command succeeded');
  await waitFor('every program and request', () => {
    return (
      ofKind(live, 'exec').length >= 1 + commands.length &&
      ofKind(live, 'http').length >= IN_PATHS.length
    );
  });
  const pretty = await tail(t, place, '--all', '-n', '100000', '-o', 'pretty');
  const json = await tail(t, place, '--all', '-n', '100000', '-o', 'json');
  t.equal(await daemon.stop(), 0);

  const lines = await readAll(t, place);
  t.equal(ofKind(lines, 'exec').length, 1 + commands.length, 'each program was seen');
  t.equal(ofKind(lines, 'http').length, IN_PATHS.length, 'each request was seen');
  await waitFor('the copy', async () => {
    const copy = await hub.inCopy(NODE, 'tail', '--all', '--after', '0', '-o', 'json');
    return parseLines<Line>(copy.stdout).length === lines.length;
  });
  t.equal(await hub.stop(), 0);
  await hub.broker.stop();
  const records = {
    'tail -o pretty': pretty.stdout,
    'tail -o json': json.stdout,
    'the journal': everyFile(place.stateDir),
    'the store of NATS': everyFile(hub.broker.storeDir),
    'the state of the gateway': everyFile(hub.place.stateDir),
  };
  for (const [name, text] of Object.entries(records)) {
    t.ok(text.includes('OPENAI_API_KEY='), `${name} holds what stood beside one, as it was`);
  }
  const outputs = {
    ...records,
    'the log': readFileSync(place.log, 'latin1'),
    'the log of the gateway': readFileSync(hub.place.log, 'latin1'),
  };
  for (const [name, text] of Object.entries(outputs)) {
    t.ok(text.length > 0, `${name} holds something`);
    const leaked = [...IN_ARGV.keys(), 17, 18, 19].filter((index) => text.includes(secret(index)));
    t.same(leaked, [], `${name} holds no secret`);
    t.notOk(text.includes(CORE), `${name} holds no part of one`);
  }
});

function everyFile(dir: string): string {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}
