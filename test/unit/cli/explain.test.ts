import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import t, { type Test } from 'tap';
import { SIGNATURES_TOLD } from '../../../src/agent/index.js';
import { agentLines, explanationOf, Output, runCli } from '../../../src/cli/index.js';
import type { KnownProcess, Services } from '../../../src/cli/index.js';
import { explanationText } from '../../../src/cli/explain-view.js';
import { toJson } from '../../../src/present/index.js';
import { decodeRecord, encodeRecord } from '../../../src/record/index.js';
import { redact } from '../../../src/redact/index.js';
import { ReadServer, readSocketPath } from '../../../src/readapi/index.js';
import {
  contained,
  handedOff,
  nested,
  process,
  stamp,
  valueOf,
} from '../../fixtures/golden/values.js';
import { scratchDirectory } from '../../helpers/scratch.js';

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const noServices: Services = {
  run: async () => Promise.resolve(0),
  gateway: async () => Promise.resolve(0),
  gatewayKey: async () => Promise.resolve('key'),
  leftPins: async () => Promise.resolve('none'),
  exercise: async () => Promise.resolve({ programs: [], families: [] }),
};

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const cli = async (args: readonly string[], unicode = false): Promise<Said> => {
  const [out, err] = [new Sink(), new Sink()];
  const terminal = { out: new Output(out), err: new Output(err), color: false, unicode };
  const code = await runCli(args, '1.2.3', terminal, noServices);
  return { code, out: out.text, err: err.text };
};

/** Options of a place whose daemon knows process 270 and two agents. */
const serve = async (t: Test, known: KnownProcess): Promise<readonly string[]> => {
  const dir = scratchDirectory(t);
  const config = join(dir, 'config.yaml');
  writeFileSync(config, '', { mode: 0o600 });
  chmodSync(config, 0o600);
  mkdirSync(join(dir, 'run'));
  const roots = { rootPid: 270, liveProcesses: 1 };
  const server = new ReadServer({
    ...{ read: () => [], last: () => 0n, status: () => ({}) },
    coverage: () => [],
    agents: () =>
      agentLines([
        { ...nested, ...roots, members: [contained] },
        { ...handedOff, ...roots, session: 'asked', members: [process] },
      ]),
    explain: (pid) => (pid === 270 ? explanationOf(known) : null),
  });
  await server.listen(readSocketPath(join(dir, 'run')), null);
  t.teardown(async () => server.close());
  return ['--config', config, '--state-dir', dir, '--run-dir', join(dir, 'run')];
};

const of = (more: Partial<KnownProcess> = {}): KnownProcess => ({
  process: contained,
  user: 'billing',
  agent: { info: nested, evidence: ['rule demo/bots/curl', 'exe /usr/bin/curl'] },
  lines: [
    { what: 'demo/bots/curl', kind: 'rule', matched: true, why: 'exe /usr/bin/curl' },
    { what: 'claude-code', kind: 'signature', matched: false, why: 'another executable' },
  ],
  ...more,
});

t.test('explain says whose a process is, by what, and what did not match', async (t) => {
  t.same(explanationText(explanationOf(of())), [
    'process     270 (7 inside), child of 269',
    'exe         /usr/bin/python3.11',
    'program     /srv/bots/bot.py',
    'arguments   python3 bot.py --token [token:12]',
    'user        billing (1000)',
    'directory   /srv/bots',
    'container   9e107d9d372bb6826bd81d3542a419d6c0d6a1b2e3f4a5968778695a4b3c2d1e, containerd, ' +
      'image bots/bot:1.2, pod b6f1c2d3-4e5f-4a6b-8c7d-9e0f1a2b3c4d',
    'chain       269 /usr/bin/dash',
    '            200 /usr/bin/python3.11',
    'agent       demo/bots/curl (curl), recognised',
    'session     5f1c1f0e-2f4d-5a5b-8c9d-0e1f2a3b4c5d',
    'started by  acme/ops/worker, session 1b2c3d4e-5f60-5718-8293-a4b5c6d7e8f9',
    'at the top  acme/ops/planner, session 7a6b5c4d-3e2f-5a1b-9c8d-7e6f5a4b3c2d',
    'because     rule demo/bots/curl',
    '            exe /usr/bin/curl',
    '',
    '         KIND       WHICH           WHY',
    'matched  rule       demo/bots/curl  exe /usr/bin/curl',
    'no       signature  claude-code     another executable',
  ]);
  const asked = explanationText(explanationOf(of({ agent: { info: handedOff, evidence: [] } })));
  t.match(asked.join('\n'), /started by {2}acme\/ops\/planner, .*, suspected: somebody else/);
});

t.test('of a process of no agent it says so, and why no rule took it', async (t) => {
  const outside = { ...process, container: { id: '', runtime: '', podUid: '', image: '' } };
  const bare = { ...outside, argv: ['a b'], chain: [] };
  const lines = explanationText(explanationOf(of({ process: bare, user: null, agent: null })));
  t.ok(lines.includes('agent      none: it belongs to no agent'));
  t.ok(lines.includes('user       1000'));
  t.ok(lines.includes("arguments  'a b'"));
  t.notMatch(lines.join('\n'), /container|program|chain|session|because/);
  t.match(lines.at(-1), /^no .*another executable$/);
});

t.test('process and agent are cleaned and shaped as in a record', async (t) => {
  const value = { ...valueOf('agent'), process: { ...contained, argvTruncated: true } };
  const decoded = decodeRecord(encodeRecord(redact(value, stamp).body));
  if (!decoded.ok) throw new Error(decoded.reason);
  const record = JSON.parse(toJson(decoded.record)) as { process: unknown; agent: unknown };
  const { evidence } = value;
  const told = explanationOf(of({ process: value.process, agent: { info: nested, evidence } }));
  t.strictSame(JSON.parse(JSON.stringify(told.process)), record.process);
  t.strictSame(JSON.parse(JSON.stringify(told.agent)), record.agent);
});

t.test('nothing that is told of a process holds its secrets', async (t) => {
  const S = 'Zq7hunterXw';
  const known = of({
    process: {
      ...contained,
      argv: ['curl', '-H', `Authorization: Bearer ${S}`, '--token', S, `https://u:${S}@h/?k=${S}`],
      exe: `/tmp/sk-ant-${S}`,
      program: `/srv/?token=${S}`,
      cwd: `/home/API_KEY=${S}`,
      chain: [{ pid: 1, exe: `/tmp/sk-ant-${S}` }],
    },
    agent: { info: nested, evidence: [`argv curl --token ${S}`] },
    lines: [{ what: 'a/b/c', kind: 'rule', matched: false, why: `argv is curl --token ${S}` }],
  });
  const told = explanationOf(known);
  t.notOk(JSON.stringify(told).includes(S), JSON.stringify(told));
  t.match(told.lines[0]?.why, /--token \[token:11\]$/);
});

t.test('no text of a process reaches the terminal as it is', async (t) => {
  const nasty = "a\nagent  none\u001b[2J\u202eb\u2028\u009b31m\u200b'";
  const known = of({
    process: {
      ...{ ...contained, exe: nasty, program: nasty, cwd: nasty, argv: [nasty, 'x'.repeat(9000)] },
      container: { id: nasty, runtime: nasty, podUid: nasty, image: nasty },
      chain: [{ pid: 1, exe: nasty }],
    },
    user: nasty,
    agent: {
      info: { ...nested, id: nasty, name: nasty, session: nasty },
      evidence: [nasty],
    },
    lines: [{ what: nasty, kind: 'rule', matched: true, why: nasty }],
  });
  const options = await serve(t, known);
  const lines = explanationText(explanationOf(known));
  t.equal(lines.length, explanationText(explanationOf(of())).length - 3, 'nothing breaks a line');
  for (const args of [[], ['-o', 'json']]) {
    const { code, out } = await cli(['explain', '270', ...args, ...options]);
    t.equal(code, 0);
    t.notMatch(out.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    t.match(out, /\\x1b/);
  }
  t.ok(lines.every((line) => line.length < 3000));
});

t.test('explain answers over the socket, and 1 when there is no such process', async (t) => {
  const options = await serve(t, of());
  const pretty = await cli(['explain', '270', ...options]);
  t.match(pretty, { code: 0, out: /^process {5}270 [^]*matched {2}rule/, err: '' });
  const json = await cli(['explain', '270', '-o', 'json', ...options]);
  t.match(JSON.parse(json.out), {
    process: { pid: 270, ns_pid: 7, start_ns: '9007199254740993' },
    user: 'billing',
    agent: { assurance: 'recognised', under: { depth: 2, handed_off: false } },
    lines: [{ what: 'demo/bots/curl', matched: true }, { matched: false }],
  });
  t.match(await cli(['explain', '271', ...options]), {
    code: 1,
    out: '',
    err: /there is no process 271\n {2}it may have ended: watchfloor tail/,
  });
});

t.test('agents lists, draws and gives as JSON who started whom', async (t) => {
  const options = await serve(t, of());
  const listed = await cli(['agents', ...options]);
  t.match(listed.out, /STARTED BY\n.* acme\/ops\/worker\n.* acme\/ops\/planner \(suspected\)\n$/);
  const drawn = await cli(['agents', '--tree', ...options], true);
  t.match(drawn.out, /^demo\/bots\/curl .*\n└─ 270 {2}\/srv\/bots\/bot\.py/);
  t.match((await cli(['agents', '--tree', ...options])).out, /\n`- 270 {2}/);
  const json = (await cli(['agents', '--tree', '-o', 'json', ...options])).out.trim().split('\n');
  t.match(JSON.parse(json[0] ?? ''), {
    session: nested.session,
    under: { parent: { id: 'acme/ops/worker' }, depth: 2, handed_off: false },
    members: [{ pid: 270, start_ns: '9007199254740993', program: '/srv/bots/bot.py' }],
  });
});

t.test('the built-in signatures are told without a daemon', async (t) => {
  const { code, out } = await cli(['agents', '--signatures', '--run-dir', '/nonexistent']);
  t.equal(code, 0);
  t.match(out, /^NAME +KIND +STATE +EVIDENCE\n/);
  const json = await cli(['agents', '--signatures', '-o', 'json', '--run-dir', '/nonexistent']);
  const told = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string });
  t.strictSame(told, JSON.parse(JSON.stringify(SIGNATURES_TOLD)));
  t.ok(told.length > 2);
  for (const { name, verified, evidence } of SIGNATURES_TOLD) {
    t.match(out, new RegExp(`^${name} .* ${verified ? 'verified' : 'unverified'} `, 'm'));
    for (const text of evidence) t.ok(out.includes(text), `${name}: ${text}`);
  }
});
