import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import t, { type Test } from 'tap';
import { Output, runCli } from '../../../src/cli/index.js';
import type { Services } from '../../../src/cli/index.js';
import { globTest, KINDS, recordTest } from '../../../src/cli/record-filter.js';
import { statusText } from '../../../src/cli/status-view.js';
import { parseTime } from '../../../src/cli/time.js';
import { parseConfig, pipelineSettings } from '../../../src/config/index.js';
import { OwnRecords } from '../../../src/daemon/own-records.js';
import { Evaluation } from '../../../src/evaluation.js';
import { Journal, JournalCursor } from '../../../src/journal/index.js';
import { ReadServer, readSocketPath } from '../../../src/readapi/index.js';
import { decodeRecord } from '../../../src/record/index.js';
import { WfLimits } from '../../../src/decode/index.js';
import { Recorder, RECORDING_VERSION } from '../../../src/recording/index.js';
import { assembleStatus } from '../../../src/telemetry/index.js';
import { scratchDirectory } from '../../helpers/scratch.js';

const settings = pipelineSettings(parseConfig('', 'none'), 'boot', 'node');

const RUNNING = { condition: 'running', lastError: null, size: 6n };

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

const cli = async (
  args: readonly string[],
  services = noServices,
): Promise<{ code: number; out: string; err: string }> => {
  const [out, err] = [new Sink(), new Sink()];
  const terminal = { out: new Output(out), err: new Output(err), color: false, unicode: false };
  const code = await runCli(args, '1.2.3', terminal, services);
  return { code, out: out.text, err: err.text };
};

/** A state directory whose journal holds a sensor record for each event. */
const makePlace = async (
  t: Test,
  events: readonly string[],
): Promise<{ dir: string; options: readonly string[]; journalDir: string }> => {
  const dir = scratchDirectory(t);
  const config = join(dir, 'config.yaml');
  writeFileSync(config, '', { mode: 0o600 });
  chmodSync(config, 0o600);
  const journalDir = join(dir, 'state', 'journal');
  mkdirSync(journalDir, { recursive: true });
  const { journal } = Journal.open(journalDir);
  const evaluation = new Evaluation(settings);
  const own = new OwnRecords(1, () => 1_000_000_000n);
  for (const event of events) journal.append(evaluation.store(own.sensor(event, 'said')));
  await journal.close();
  const options = [
    '--config',
    config,
    '--state-dir',
    join(dir, 'state'),
    '--run-dir',
    join(dir, 'run'),
  ];
  return { dir, options, journalDir };
};

const seqsOf = (out: string): number[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { seq: number }).seq);

t.test('what is asked wrongly ends with 64 and says what to do next', async (t) => {
  for (const args of [
    [],
    ['bogus'],
    ['tail', '--bogus'],
    ['tail', '--severity', 'huge'],
    ['tail', '--kind', 'flows'],
    ['tail', '--since', 'yesterday'],
    ['tail', '--pid', '-1'],
    ['agents', '--tree', '--signatures'],
    ['explain'],
    ['explain', '0'],
    ['explain', 'node'],
    ['explain', '4194305'],
    ['tail', '-n', '1.5'],
    ['tail', '-o', 'xml'],
    ['tail', '-o', 'cef'],
    ['tail', '-o', 'ocsf'],
    ['tail', '--node', 'web-*'],
    ['status', '--tenant', 'acme'],
    ['tail', 'extra'],
    ['replay'],
    ['config'],
    ['run', '--log-level', 'loud'],
  ]) {
    const { code, out, err } = await cli(args);
    t.equal(code, 64, args.join(' '));
    t.equal(out, '');
    t.match(err, /--help|Usage:|use -o json|--nats nats:/);
  }
  t.match((await cli(['tial'])).err, /Did you mean tail/);
});

t.test('every command explains itself with examples', async (t) => {
  const commands = [
    ...[
      'run',
      'tail',
      'status',
      'agents',
      'coverage',
      'explain',
      'replay',
      'verify',
      'prove',
      'consistency',
      'gateway',
      'doctor',
    ].map((name) => [name]),
    ['config', 'check'],
    ['config', 'show'],
  ];
  for (const command of commands) {
    const { code, out } = await cli([...command, '--help']);
    t.equal(code, 0);
    t.match(out, /Examples:\n {2}watchfloor /);
    for (const option of ['--config', '--state-dir', '--run-dir']) t.ok(out.includes(option));
  }
  t.same(await cli(['--version']), { code: 0, out: '1.2.3\n', err: '' });
});

t.test('config check and show say what is in force, and 78 what is wrong', async (t) => {
  const { dir, options } = await makePlace(t, []);
  const { code, out } = await cli(['config', 'show', ...options]);
  t.equal(code, 0);
  t.equal(parseConfig(out, 'shown').state_dir, join(dir, 'state'));
  t.match(await cli(['config', 'check', ...options]), { code: 0, out: /is valid/ });
  writeFileSync(join(dir, 'config.yaml'), 'agnets: 1\nguard: 2\n');
  const bad = await cli(['config', 'check', ...options]);
  t.equal(bad.code, 78);
  t.match(bad.err, /config\.yaml:1:1: agnets: unknown key; did you mean "agents"\?\n.*:2:8: guard/);
  t.equal((await cli(['run', ...options])).code, 78);
});

t.test('run gets its configuration, and its exit code becomes ours', async (t) => {
  const { dir, options } = await makePlace(t, []);
  const asked: unknown[] = [];
  const services: Services = {
    ...noServices,
    run: async (request) => {
      asked.push(request);
      return Promise.resolve(9);
    },
  };
  const { NODE_OPTIONS: before } = process.env;
  delete process.env['NODE_OPTIONS'];
  t.teardown(() => before !== undefined && (process.env['NODE_OPTIONS'] = before));
  const { code } = await cli(['run', '--record', 'x', '--log-level', 'warn', ...options], services);
  t.equal(code, 9);
  t.match(asked, [
    {
      record: join(process.cwd(), 'x'),
      logLevel: 'warn',
      loaded: { config: { run_dir: join(dir, 'run') } },
    },
  ]);
  process.env['LD_PRELOAD'] = 'evil.so';
  t.teardown(() => delete process.env['LD_PRELOAD']);
  const hostile = await cli(['run', ...options], services);
  if (process.geteuid?.() === 0) t.match(hostile, { code: 78, err: /LD_PRELOAD is set/ });
  else t.equal(hostile.code, 9);
});

t.test('without a daemon tail reads the journal and says so, status is unavailable', async (t) => {
  const { options } = await makePlace(t, ['a', 'b', 'c']);
  const { code, out, err } = await cli(['tail', '--all', '-o', 'json', ...options]);
  t.equal(code, 0);
  t.same(seqsOf(out), [1, 2, 3]);
  t.match(err, /no daemon at .*: reading the journal/);
  t.equal((await cli(['tail', ...options])).out, '', 'no findings');
  t.same(seqsOf((await cli(['tail', '--all', '-o', 'json', '-n', '2', ...options])).out), [2, 3]);
  t.same(
    seqsOf((await cli(['tail', '--all', '-o', 'json', '--after', '1', ...options])).out),
    [2, 3],
  );
  t.same(
    seqsOf((await cli(['tail', '--kind', 'sensor', '-o', 'json', ...options])).out),
    [1, 2, 3],
  );
  t.same(seqsOf((await cli(['tail', '--all', '-o', 'json', '--since', '1h', ...options])).out), []);
  t.match(await cli(['status', ...options]), {
    code: 69,
    err: /no daemon answers.*\n.*watchfloor run/,
  });
  t.equal((await cli(['agents', ...options])).code, 69);
  t.match(await cli(['explain', '1', ...options]), {
    code: 69,
    err: /no daemon answers.*\n.*watchfloor run/,
  });
});

t.test('a journal that is not there is unavailable, with the remedy', async (t) => {
  const dir = scratchDirectory(t);
  const options = ['--state-dir', join(dir, 'none'), '--run-dir', dir];
  t.match(await cli(['tail', '--all', ...options]), { code: 69, err: /there is no journal in/ });
});

t.test('the last few are found however far back they lie', async (t) => {
  const events = Array.from({ length: 1500 }, (_, i) => `e${i}`);
  const { options } = await makePlace(t, events);
  const { out } = await cli(['tail', '--all', '-o', 'json', '-n', '1200', ...options]);
  t.same(
    seqsOf(out),
    Array.from({ length: 1200 }, (_, i) => i + 301),
  );
});

t.test('with a daemon records, status and agents come from its socket', async (t) => {
  const { dir, options, journalDir } = await makePlace(t, ['a', 'b']);
  mkdirSync(join(dir, 'run'));
  const status = assembleStatus({
    ...{ version: '1', node: 'n', tenant: 't', pid: 1, bootId: 'b', epoch: 1, kernel: '6' },
    ...{ startedMs: 0, nowMs: 3_700_000, configFile: null, recording: null, paused: true },
    ...{ signer: null, publish: null },
    programs: [{ name: 'y', family: 'tls', state: 'failed', detail: 'z' }],
    pinning: { state: 'off', adopted: false, links: 0, discarded: 0, detail: '' },
    ...{ journal: { bytes: 1 }, pipeline: { rings: [{ ring: 'r' }] }, readers: {}, commands: {} },
  });
  const server = new ReadServer({
    read: function* (after) {
      for (const entry of new JournalCursor(journalDir, { after }).read())
        if ('seq' in entry) yield entry;
    },
    last: () => 2n,
    status: () => status,
    agents: () => [
      {
        id: 'a/b/c',
        name: 'evil\u001b[2J',
        session: 's',
        assurance: 'asserted',
        pid: 7,
        processes: 2,
      },
    ],
    coverage: () => [
      {
        ...{ agent: 'a/b/c', pid: 8, startNs: '9', exe: '/bin/x\u001b[2J', state: 'blind' },
        ...{ library: 'gnutls', path: '/lib/g.so', reason: 'refused: no anchor' },
      },
    ],
    explain: () => null,
  });
  await server.listen(readSocketPath(join(dir, 'run')), null);
  t.teardown(async () => server.close());
  const tail = await cli(['tail', '--all', '-o', 'json', ...options]);
  t.same(seqsOf(tail.out), [1, 2]);
  t.equal(tail.err, '');
  const pretty = await cli(['status', ...options]);
  t.match(pretty, { code: 1, out: /^health {5}1 program missing; .*paused: .*\n.* up 1h 1m\n/ });
  t.match(pretty.out, /missing {2}tls: y/);
  t.same(JSON.parse((await cli(['status', '-o', 'json', ...options])).out), status);
  const agents = await cli(['agents', ...options]);
  t.match(agents.out, /^AGENT .*\na\/b\/c /);
  t.notOk(agents.out.includes('\u001b'), 'names are escaped');
  const coverage = await cli(['coverage', ...options]);
  t.match(
    coverage.out,
    /^AGENT .*\na\/b\/c +8 .* blind +gnutls +refused: no anchor +\/lib\/g\.so\n/,
  );
  t.notOk(coverage.out.includes('\u001b'));
  const row = await cli(['coverage', '-o', 'json', ...options]);
  t.match(JSON.parse(row.out), {
    process: { pid: 8, start_ns: '9' },
    coverage: { state: 'blind', library: 'gnutls', path: '/lib/g.so' },
  });
});

t.test('status says first what an operator has to know, and keeps zeroes to itself', async (t) => {
  const healthy = assembleStatus({
    ...{
      version: '1',
      node: 'n\u001b[2J',
      tenant: 't',
      pid: 1,
      bootId: 'b',
      epoch: 1,
      kernel: '6',
    },
    ...{ startedMs: 0, nowMs: 1000, configFile: null, recording: null, paused: false },
    ...{ signer: RUNNING, publish: null },
    programs: [{ name: 'y', family: 'tls', state: 'attached', detail: '' }],
    pinning: { state: 'off', adopted: false, links: 0, discarded: 0, detail: '' },
    journal: { committed: 7n, bytes: 3 << 20, segments: 2, backlog: 4, stalled: null, losses: [] },
    pipeline: {
      agents: 1,
      accounting: {
        rings: [{ ring: 'network', emitted: 9, delivered: 9, dropped: 0, residual: 0 }],
      },
      registry: { pending: 2, verdictTimeouts: 0 },
      processes: { processes: 5, ended: 3 },
      activity: { flows: { flows: 6, evictedFlows: 0 } },
    },
    ...{ readers: { clients: 1, refused: 0 }, commands: {} },
  });
  const text = statusText(healthy);
  t.match(text, /^health {5}ok\n/);
  t.match(text, /events {5}9 of 9 delivered, 0 lost, residual 0/);
  t.match(text, /agents {5}1 run with 2 processes and 6 flows, 2 undecided/);
  t.match(text, /journal {4}at record 7, 3\.0 MiB in 2 segments, 4 waiting/);
  t.notMatch(text, /limits/);
  t.notOk(text.includes('\u001b'));
  const lossy = {
    rings: [{ ring: 'payload', emitted: 9, delivered: 6, dropped: 3, residual: 0 }],
  };
  const troubled = statusText({
    ...healthy,
    journal: { stalled: 'ENOSPC', losses: [{ cause: 'backlog', count: '8' }] },
    pipeline: { accounting: lossy, registry: { verdictTimeouts: 4 } },
    readers: { refused: 5 },
  });
  t.match(troubled, /^health {5}something was lost .*; the journal cannot be written: ENOSPC\n/);
  t.match(troubled, / {2}lost {5}ring payload: 3\n {2}lost {5}journal: 8, backlog\n/);
  t.match(troubled, /limits {5}registry\.verdictTimeouts=4 readers\.refused=5$/m);
});

t.test('what an error quotes cannot speak to the terminal', async (t) => {
  const { dir } = await makePlace(t, []);
  const config = join(dir, 'odd.yaml');
  writeFileSync(config, 'a\u001b[31mb: 1\n', { mode: 0o600 });
  for (const args of [
    ['config', 'check', '--config', config],
    ['replay', '/none\u001b[2J'],
  ]) {
    const { code, err } = await cli(args);
    t.not(code, 0);
    t.match(err, /\\x1b/);
    t.notOk(err.includes('\u001b'), args.join(' '));
  }
});

t.test('the kinds that may be asked for are those of the schema', async (t) => {
  const schema = JSON.parse(readFileSync('docs/schema/record.schema.json', 'utf8')) as {
    properties: { kind: { enum: string[] } };
  };
  t.same([...KINDS].sort(), schema.properties.kind.enum.sort());
});

t.test('verify tells intact, tampered, incomplete and unreadable apart', async (t) => {
  const { options, journalDir } = await makePlace(t, ['a', 'b', 'c', 'd']);
  t.match(await cli(['verify', ...options]), { code: 0, out: /intact\n {2}4 records, 1 to 4/ });
  const [name = ''] = readdirSync(journalDir);
  const file = join(journalDir, name);
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const flipped = await cli(['verify', '-o', 'json', ...options]);
  t.equal(flipped.code, 1);
  t.match(JSON.parse(flipped.out), { verdict: 'tampered', records: 3 });
  const none = await cli(['verify', '--state-dir', '/nonexistent']);
  t.match(none, { code: 3, out: /unreadable\n {2}there is no journal\n$/ });
});

t.test(
  'replay prints what was recorded with the numbers it had, less what the journal lost',
  async (t) => {
    const file = join(scratchDirectory(t), 'rec');
    const recorder = Recorder.create(file, {
      version: RECORDING_VERSION,
      wireVersion: WfLimits.WIRE_VERSION,
      settings,
      epoch: 7,
      firstSeq: '41',
    });
    const own = new OwnRecords(7, () => 5n);
    recorder.write({ entry: 'input', input: { input: 'tick', bootNs: 0n, wallNs: 10n ** 18n } });
    for (const event of ['a', 'lost', 'c']) {
      recorder.write({ entry: 'value', value: own.sensor(event, '') });
      if (event === 'lost') recorder.write({ entry: 'lost', indexes: [0] });
    }
    recorder.write({ entry: 'settings', settings: { ...settings, node: 'renamed' } });
    recorder.write({ entry: 'value', value: own.sensor('d', '') });
    recorder.close();
    const { code, out, err } = await cli(['replay', file, '-o', 'json', '--commands']);
    t.equal(code, 0);
    t.equal(err, '');
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number });
    t.match(lines, [
      { seq: 41, node: 'node', sensor: { event: 'a' }, ts: /^2001-09-09T01:46:40/ },
      { seq: 42, sensor: { event: 'c' } },
      { seq: 43, node: 'renamed', sensor: { event: 'd' }, ts: /^2001-09-09T01:46:40/ },
    ]);
    t.equal(lines.length, 3);
    writeFileSync(file, readFileSync(file).subarray(0, -5));
    t.match(await cli(['replay', file]), { code: 0, err: /the recording ends at byte/ });
    t.match(await cli(['replay', '/etc/passwd']), { code: 69, err: /it is not a recording/ });
    t.match(await cli(['replay', '/nonexistent']), { code: 69, err: /ENOENT/ });
  },
);

t.test('doctor fails when a sensor that was used showed nothing', async (t) => {
  const { options } = await makePlace(t, []);
  const exercised = (observed: boolean): Services => ({
    ...noServices,
    exercise: async () =>
      Promise.resolve({ programs: [], families: [{ family: 'tls', observed, detail: 'talked' }] }),
  });
  const bad = await cli(['doctor', '-o', 'json', ...options], exercised(false));
  t.equal(bad.code, 1);
  const refused = await cli(['doctor', ...options], {
    ...noServices,
    exercise: async () => Promise.reject(new Error('no addon')),
  });
  t.equal(refused.code, 1);
  t.match(refused.out, /FAIL {2}/);
});

t.test('doctor names what a killed daemon left, and ends it when asked', async (t) => {
  const { options } = await makePlace(t, []);
  const asked: boolean[] = [];
  const left: Services = {
    ...noServices,
    leftPins: async (_loaded, remove) => {
      asked.push(remove);
      return Promise.resolve(remove ? 'removed' : 'left');
    },
  };
  t.match((await cli(['doctor', ...options], left)).out, /warn {2}pins .*\n.*doctor --unpin/);
  t.match((await cli(['doctor', '--unpin', ...options], left)).out, /ok {4}pins .*ended now/);
  t.same(asked, [false, true]);
  const failing = { ...left, leftPins: async () => Promise.reject(new Error('EACCES')) };
  t.match((await cli(['doctor', ...options], failing)).out, /warn {2}pins +EACCES/);
});

t.test('moments are durations back from now or RFC 3339', async (t) => {
  const now = Date.UTC(2026, 0, 2);
  t.equal(parseTime('10m', now), BigInt(now - 600_000) * 1_000_000n);
  t.equal(parseTime('2d', now), BigInt(now - 172_800_000) * 1_000_000n);
  t.equal(parseTime('2026-01-01T00:00:00Z', now), BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n);
  t.equal(parseTime('2026-01-01T02:00:00+02:00', now), BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n);
  for (const bad of ['', '10', 'm', '10y', '2026-01-01', '2026-13-01T00:00:00Z', '-1m']) {
    t.equal(parseTime(bad, now), null, bad);
  }
});

t.test('filters take what they name and nothing else', async (t) => {
  const evaluation = new Evaluation(settings);
  const decoded = decodeRecord(
    (await import('../../../src/record/index.js')).encodeRecord({
      ...evaluation.store(new OwnRecords(1, () => 9n).sensor('x', '')).body,
      class: 1,
      kind: 'finding',
      severity: 3,
      agent: { id: 'acme/pay/bot', name: 'bot', session: 's1' },
      process: { pid: 7 },
      finding: { rule: 'bypass.direct_egress' },
      epoch: 1,
      seq: 1n,
    }),
  );
  if (!decoded.ok) throw new Error(decoded.reason);
  const { record } = decoded;
  const passes = (filter: Parameters<typeof recordTest>[0]): boolean => recordTest(filter)(record);
  for (const filter of [
    {},
    { all: true },
    { agent: 'acme/*' },
    { agent: 's1' },
    { rule: 'bypass.*' },
    { severity: 'high' },
    { severity: 'low' },
    { kind: 'finding' },
    { pid: 7 },
    { since: 9n, until: 9n },
  ] as const) {
    t.ok(passes(filter), JSON.stringify(Object.keys(filter)));
  }
  for (const filter of [
    { agent: 'acme' },
    { rule: 'agent.*' },
    { severity: 'critical' },
    { kind: 'exec' },
    { pid: 8 },
    { since: 10n },
    { until: 8n },
  ] as const) {
    t.notOk(passes(filter), JSON.stringify(Object.keys(filter)));
  }
  t.ok(globTest('a?c*')('abcdef'));
  t.notOk(globTest('a.c')('abc'), 'a dot is a dot');
  t.ok(globTest('(x)[y]')('(x)[y]'));
});
