import t from 'tap';
import type { ProgramStatus } from '../../../src/event/index.js';
import { assembleStatus, createLog, missingSensors } from '../../../src/telemetry/index.js';

t.test('the log is JSON, one line an event, and quiet below its level', async (t) => {
  const lines: string[] = [];
  const log = createLog('warn', { write: (line) => void lines.push(line) });
  log.info({}, 'not said');
  log.warn({ count: 3n, names: ['a'], text: 'x\n\u001b[2J' }, 'said');
  log.error({}, 'said too');
  t.equal(lines.length, 2);
  t.match(JSON.parse(lines[0] ?? ''), {
    level: 'warn',
    msg: 'said',
    count: '3',
    names: ['a'],
    text: 'x\n\u001b[2J',
    time: /Z$/,
  });
  t.notOk(lines[0]?.includes('\u001b'), 'no escape sequence reaches a terminal');
});

const program = (name: string, state: ProgramStatus['state'], detail = ''): ProgramStatus => ({
  name,
  family: 'tls',
  state,
  detail,
});

t.test('what was wanted and does not run is missing', async (t) => {
  const programs = [
    program('a', 'attached'),
    program('b', 'ready'),
    program('c', 'unsupported', 'no cgroup'),
    program('d', 'failed', 'EPERM'),
  ];
  t.same(missingSensors(programs), ['tls: c is unsupported: no cgroup', 'tls: d is failed: EPERM']);
});

t.test('the status is JSON whatever the rooms count with', async (t) => {
  const status = assembleStatus({
    version: '1',
    node: 'n',
    tenant: 't',
    pid: 1,
    bootId: 'b',
    epoch: 2,
    startedMs: 0,
    nowMs: 61_999,
    kernel: '6',
    configFile: null,
    programs: [program('c', 'failed', 'x')],
    pinning: { state: 'off', adopted: false, links: 0, discarded: 0, detail: '' },
    journal: { nextSeq: 2n ** 63n, segments: [1n] },
    pipeline: { map: new Map([['k', 1n]]) },
    readers: {},
    commands: { verdict: 1 },
    recording: null,
    signer: { condition: 'restarting', lastError: 'it ended with 1', size: 7n },
    publish: null,
    paused: false,
  });
  t.match(JSON.parse(JSON.stringify(status)), {
    v: 1,
    started: '1970-01-01T00:00:00.000Z',
    uptime_s: 61,
    degraded: ['tls: c is failed: x', 'signer: it is restarting: it ended with 1'],
    signer: { size: '7' },
    journal: { nextSeq: '9223372036854775808', segments: ['1'] },
    pipeline: { map: { k: '1' } },
  });
});
