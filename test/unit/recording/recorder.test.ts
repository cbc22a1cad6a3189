import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { PipelineSettings, Value } from '../../../src/event/index.js';
import { readRecording, Recorder, RECORDING_VERSION } from '../../../src/recording/index.js';
import type { Entry, RecordingEnd, RecordingHeader } from '../../../src/recording/index.js';

const settings: PipelineSettings = {
  node: 'n',
  tenant: 't',
  bootId: 'b',
  signatures: true,
  inference: false,
  rules: [],
  defaultGovernance: { proxy: 'none', sdk: 'none', exempt: [] },
  proxies: [],
  windowMs: 2000,
  modelHosts: [],
};

const header: RecordingHeader = {
  version: RECORDING_VERSION,
  wireVersion: 1,
  settings,
  epoch: 3,
  firstSeq: '18446744073709551615',
};

const key = { tgid: 7, startNs: 2n ** 63n - 1n };

const value: Value = {
  origin: { ring: 'lifecycle', cpu: 0, seq: 0n, bootNs: 5n },
  part: 'daemon.1',
  class: 'sensor',
  claim: 'observed',
  agent: null,
  kind: 'sensor',
  sensor: { event: 'start', detail: '\u0000\ud83d\ude00', fields: {} },
};

const entries: readonly Entry[] = [
  { entry: 'input', input: { input: 'tick', bootNs: -1n, wallNs: 2n ** 62n } },
  { entry: 'value', value },
  { entry: 'input', input: { input: 'seeds', bytes: Buffer.from([1, 2, 3]) } },
  {
    entry: 'input',
    input: { input: 'batch', bytes: Buffer.alloc(70_000, 7), drained: true, counters: null },
  },
  { entry: 'lost', indexes: [0, 4] },
  {
    entry: 'input',
    input: {
      input: 'adopted',
      lanes: [
        {
          ...{ ring: 'network', cpu: 1, taken: 5, next: 6 },
          ...{ ringFull: 1, fault: 0, tableFull: 0, callLimit: 0 },
        },
      ],
      notes: [{ root: key, text: '{"v":1}' }],
    },
  },
  {
    entry: 'input',
    input: {
      input: 'batch',
      bytes: Buffer.alloc(0),
      drained: false,
      counters: Buffer.alloc(128, 1),
    },
  },
  {
    entry: 'input',
    input: { input: 'fact', fact: { fact: 'process', key, gone: false, env: { A: '=' } } },
  },
  {
    entry: 'input',
    input: {
      input: 'governance',
      record: {
        layer: 'sdk',
        agent: null,
        process: key,
        action: 'llm',
        host: 'h',
        port: 1,
        tool: null,
        span: null,
        at: 9n,
        validForMs: 1,
      },
    },
  },
  { entry: 'settings', settings: { ...settings, node: 'other' } },
];

const write = (path: string, maxBytes?: number): Recorder => {
  const recorder = Recorder.create(path, header, maxBytes);
  for (const entry of entries) recorder.write(entry);
  return recorder;
};

const readAll = (path: string): { entries: Entry[]; end: RecordingEnd } | string => {
  const recording = readRecording(path);
  if (!recording.ok) return recording.reason;
  t.same(recording.header, header);
  const all = recording.entries();
  const found: Entry[] = [];
  for (let step = all.next(); ; step = all.next()) {
    if (step.done === true) return { entries: found, end: step.value };
    found.push(step.value);
  }
};

t.test('what was recorded is read again, in its order', async (t) => {
  const path = join(t.testdir({}), 'rec');
  const recorder = write(path);
  t.same(recorder.state, { state: 'recording' });
  recorder.close();
  recorder.close();
  recorder.write({ entry: 'value', value });
  t.same(recorder.state, { state: 'ended', reason: 'stopped' });
  t.same(readAll(path), { entries, end: { end: 'complete', reason: 'stopped' } });
  t.equal(recorder.bytes, statSync(path).size);
});

t.test('a recording is for its owner only and never replaces a file', async (t) => {
  const path = join(t.testdir({}), 'rec');
  write(path).close();
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.throws(() => Recorder.create(path, header), { code: 'EEXIST' });
});

t.test('cut anywhere, everything before the cut is read and the cut is named', async (t) => {
  const dir = t.testdir({});
  const path = join(dir, 'rec');
  write(path).close();
  const whole = readFileSync(path);
  const cut = join(dir, 'cut');
  let most = 0;
  // Every position of what is small, and enough of the one large frame.
  const positions = Array.from({ length: whole.length }, (_, at) => at).filter(
    (at) => at < 900 || at > whole.length - 900 || at % 9973 === 0,
  );
  for (const at of positions) {
    writeFileSync(cut, whole.subarray(0, at));
    const read = readAll(cut);
    if (typeof read === 'string') continue;
    if (read.end.end !== 'torn' || read.entries.length < most) t.fail(`cut at ${at}`);
    t.same(read.entries, entries.slice(0, read.entries.length));
    most = read.entries.length;
  }
  t.equal(most, entries.length);
});

t.test('a flipped bit ends the reading there and harms nothing before', async (t) => {
  const dir = t.testdir({});
  const path = join(dir, 'rec');
  write(path).close();
  const bytes = readFileSync(path);
  const at = bytes.length - 60;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const read = readAll(path);
  t.match(read, { end: { end: 'torn', reason: /checksum|length/ } });
  t.ok(typeof read !== 'string' && read.entries.length >= entries.length - 2);
});

t.test('foreign files and other formats are refused with the reason', async (t) => {
  const dir = t.testdir({ empty: '', other: 'hello, world, this is no recording' });
  t.equal(readAll(join(dir, 'empty')), 'it is not a recording');
  t.equal(readAll(join(dir, 'other')), 'it is not a recording');
  const later = join(dir, 'later');
  Recorder.create(later, { ...header, version: 99 }).close();
  t.equal(readAll(later), 'its format is 99, this program reads 2');
  t.throws(() => readRecording(join(dir, 'none')), { code: 'ENOENT' });
});

t.test('a full recording ends by itself, says so, and stays readable', async (t) => {
  const path = join(t.testdir({}), 'rec');
  const recorder = write(path, 5000);
  t.same(recorder.state, { state: 'ended', reason: 'limit' });
  t.ok(statSync(path).size <= 5000);
  t.same(readAll(path), {
    entries: entries.slice(0, 3),
    end: { end: 'complete', reason: 'limit' },
  });
});
