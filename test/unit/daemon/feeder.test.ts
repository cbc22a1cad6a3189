import { chmodSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CliError } from '../../../src/cli/index.js';
import { BackPressure } from '../../../src/daemon/back-pressure.js';
import { CommandRunner } from '../../../src/daemon/command-runner.js';
import { Feeder } from '../../../src/daemon/feeder.js';
import { JournalGaps } from '../../../src/daemon/journal-gaps.js';
import { readLastRun } from '../../../src/daemon/last-run.js';
import { lockDirectory, prepareDirectory } from '../../../src/daemon/lock.js';
import { OwnRecords } from '../../../src/daemon/own-records.js';
import { asCliError, refuseMachine } from '../../../src/daemon/refusal.js';
import { parseConfig, pipelineSettings } from '../../../src/config/index.js';
import type {
  Command,
  HostFact,
  HostPort,
  KernelPort,
  TlsStack,
} from '../../../src/event/index.js';
import { WfExecFlag, WfVerdict } from '../../../src/decode/layout.gen.js';
import { Evaluation } from '../../../src/evaluation.js';
import { Journal, JournalError } from '../../../src/journal/index.js';
import { KernelError } from '../../../src/kernel/index.js';
import { readRecording, Recorder, RECORDING_VERSION } from '../../../src/recording/index.js';
import { createLog } from '../../../src/telemetry/index.js';
import { batchOf, execRecord, exitRecord } from '../../helpers/wire.js';

const settings = pipelineSettings(parseConfig('', 'none'), 'boot', 'node');
const own = new OwnRecords(1, () => 5n);

const refusal = (code: string): KernelError =>
  new KernelError({ message: code, code, errno: 1, operation: 'op', remedy: 'do this' });

const never = (): never => {
  throw new Error('not expected');
};

const kernelWith = (some: Partial<KernelPort>): KernelPort => ({
  start: never,
  pinning: never,
  adopted: never,
  catchUp: never,
  candidates: never,
  environment: never,
  watchRelay: never,
  endRelay: never,
  seeds: never,
  verdict: never,
  adopt: never,
  remember: never,
  release: never,
  attach: never,
  detach: never,
  hits: never,
  pause: never,
  resume: never,
  counters: never,
  stop: never,
  ...some,
});

const hostWith = (some: Partial<HostPort>): HostPort => ({
  processFact: never,
  stacksFact: never,
  listenerFact: never,
  userFact: never,
  imageFact: never,
  unixPeerFact: never,
  namedFact: never,
  socketsFact: never,
  probesFact: never,
  filesFact: never,
  openStack: never,
  ...some,
});

const root = { tgid: 1, startNs: 2n };
const stack: TlsStack = {
  file: { dev: 1n, inode: 2n },
  path: '/x',
  library: 'openssl',
  by: 'symbols',
  sites: [],
};

t.test('what the kernel is told of an agent keeps its order, ahead of the journal', async (t) => {
  const done: string[] = [];
  const rules = {
    rules: [{ id: 'a/b/c', match: { exe: ['*/bot'] }, governance: settings.defaultGovernance }],
  };
  const feeder = new Feeder({
    evaluation: new Evaluation({ ...settings, ...rules }),
    journal: { append: () => BigInt(done.push('record')) },
    recorder: null,
    run: (command) => {
      done.push(command.do);
      return null;
    },
  });
  const asks = { path: '/opt/bot', flags: WfExecFlag.ASKS_VERDICT };
  const bytes = batchOf(execRecord(asks, { verdict: WfVerdict.PENDING }), exitRecord(0));
  feeder.feed({ input: 'batch', bytes, drained: true, counters: null });
  const told = done.filter((what) => !what.startsWith('look_up'));
  t.same(told, ['verdict', 'remember', 'release', 'record', 'record', 'record']);
});

t.test(
  'an input is recorded, then journaled, then acted upon, then the answer is fed',
  async (t) => {
    const path = join(t.testdir({}), 'rec');
    const recorder = Recorder.create(path, {
      version: RECORDING_VERSION,
      wireVersion: 1,
      settings,
      epoch: 1,
      firstSeq: '1',
    });
    const evaluation = new Evaluation(settings);
    const steps: string[] = [];
    const asked: Command = { do: 'look_up_user', uid: 0 };
    // What the pipeline answers is not under test: one command for each tick.
    t.intercept(evaluation, 'step', {
      value: (input: { input: string }) => {
        steps.push(input.input);
        const storable = evaluation.store(own.sensor('x', input.input));
        return input.input === 'tick'
          ? { storables: [storable, storable], commands: [asked] }
          : { storables: [], commands: [] };
      },
    });
    let appended = 0n;
    const feeder = new Feeder({
      evaluation,
      // The second record of each step finds no room.
      journal: { append: () => (++appended % 2n === 0n ? null : appended) },
      recorder,
      run: (command): HostFact | null => {
        steps.push(command.do);
        feeder.say(own.sensor('during', 'a command'));
        return { fact: 'user', uid: 0, user: 'root' };
      },
    });
    feeder.feed({ input: 'tick', bootNs: 1n, wallNs: 2n });
    t.same(steps, ['tick', 'look_up_user', 'fact']);
    recorder.close();
    const recording = readRecording(path);
    const entries = recording.ok ? [...recording.entries()] : [];
    t.match(entries, [
      { entry: 'input', input: { input: 'tick' } },
      { entry: 'lost', indexes: [1] },
      { entry: 'value', value: { sensor: { event: 'during' } } },
      { entry: 'input', input: { input: 'fact' } },
    ]);
    t.equal(entries.length, 4);
  },
);

t.test('commands reach the kernel and the host, and questions are answered', async (t) => {
  const calls: unknown[] = [];
  const call =
    (name: string) =>
    (...args: unknown[]): void => {
      calls.push([name, ...args]);
    };
  const user: HostFact = { fact: 'user', uid: 7, user: 'u' };
  const runner = new CommandRunner(
    kernelWith({
      verdict: call('verdict'),
      adopt: call('adopt'),
      release: call('release'),
      detach: call('detach'),
      hits: () => [],
    }),
    hostWith({
      userFact: () => user,
      processFact: () => user,
      stacksFact: () => user,
      listenerFact: () => user,
      probesFact: () => user,
      filesFact: () => user,
    }),
    createLog('error', { write: never }),
    () => 7n,
  );
  t.equal(runner.run({ do: 'verdict', root, verdict: 'agent' }), null);
  t.equal(runner.run({ do: 'adopt', key: root, root }), null);
  t.equal(runner.run({ do: 'release', root, members: [root] }), null);
  t.match(runner.run({ do: 'detach', file: stack.file, library: 'openssl' }), {
    fact: 'attach',
    state: 'detached',
    bootNs: 7n,
  });
  for (const question of [
    { do: 'look_up_user', uid: 7 },
    { do: 'look_up_process', key: root, env: [] },
    { do: 'look_up_stacks', key: null },
    { do: 'look_up_listener', listen: 'x', netns: 0, near: root },
    { do: 'attest', targets: [] },
    { do: 'look_at_files', targets: [] },
  ] as const) {
    t.equal(runner.run(question), user);
  }
  t.same(runner.run({ do: 'read_hits' }), { fact: 'hits', bootNs: 7n, hits: [] });
  t.same(calls, [
    ['verdict', root, 'agent'],
    ['adopt', root, root],
    ['release', root, [root]],
    ['detach', stack.file, 'openssl'],
  ]);
  t.match(runner.counts, { verdict: 1, look_up_user: 1 });
});

t.test('what the kernel refuses is counted, logged once and, for probes, answered', async (t) => {
  const lines: string[] = [];
  const throws = (): never => {
    throw refusal('ENOSPC');
  };
  const runner = new CommandRunner(
    kernelWith({ verdict: throws, attach: throws }),
    hostWith({ openStack: (_stack, through) => (through === null ? null : openDevNull()) }),
    createLog('warn', { write: (line) => void lines.push(line) }),
    () => 7n,
  );
  for (let i = 0; i < 3; i++) t.equal(runner.run({ do: 'verdict', root, verdict: 'agent' }), null);
  t.equal(runner.counts['verdict_refused'], 3);
  t.equal(lines.length, 1);
  t.match(runner.run({ do: 'attach', stack, through: null }), {
    state: 'failed',
    error: 'the file is gone or is another one now',
  });
  t.match(runner.run({ do: 'attach', stack, through: root }), { state: 'failed', error: 'ENOSPC' });
});

t.test('of a kernel that was let go nothing is said, not even of a file', async (t) => {
  const lines: string[] = [];
  const throws = (): never => {
    throw refusal('EBADF');
  };
  const runner = new CommandRunner(
    kernelWith({ attach: throws, hits: throws }),
    hostWith({ openStack: openDevNull }),
    createLog('warn', { write: (line) => void lines.push(line) }),
    () => 7n,
  );
  runner.letGo();
  t.equal(runner.run({ do: 'read_hits' }), null);
  t.equal(runner.run({ do: 'attach', stack, through: root }), null);
  t.same(lines, []);
  t.notOk('read_hits_refused' in runner.counts);
});

t.test('what is attached says what its plaintext is marked with', async (t) => {
  const kernel = kernelWith({ attach: () => 77 });
  const host = hostWith({ openStack: openDevNull });
  const log = createLog('warn', { write: () => undefined });
  const fact = new CommandRunner(kernel, host, log, () => 7n).run({
    ...{ do: 'attach', stack, through: root },
  });
  t.match(fact, { fact: 'attach', state: 'attached', attachment: 77, bootNs: 7n });
});

function openDevNull(): number {
  return openSync('/dev/null', 'r');
}

t.test('a slow disk stops the reading of the rings, a dead one does not', async (t) => {
  const calls: string[] = [];
  const pressure = new BackPressure({
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
  });
  const mib = 1024 * 1024;
  pressure.check({ backlogBytes: 3 * mib, stalled: null });
  pressure.check({ backlogBytes: 5 * mib, stalled: null });
  pressure.check({ backlogBytes: 2 * mib, stalled: null });
  t.ok(pressure.paused);
  pressure.check({ backlogBytes: mib / 2, stalled: null });
  pressure.check({ backlogBytes: 8 * mib, stalled: 'ENOSPC' });
  t.same(calls, ['pause', 'resume']);
});

t.test('records without room become a gap once the disk takes records again', async (t) => {
  const journal = {
    count: 2n,
    stalled: 'ENOSPC' as string | null,
    losses: () => [{ stage: 'journal', cause: 'disk_full', count: journal.count }] as const,
    stats: () => ({ stalled: journal.stalled }) as ReturnType<Journal['stats']>,
  };
  const gaps = new JournalGaps(journal, own);
  t.same(gaps.check(), []);
  journal.stalled = null;
  t.match(gaps.check(), [
    { kind: 'gap', gap: { stage: 'journal', cause: 'disk_full', count: 2n } },
  ]);
  t.same(gaps.check(), [], 'said once');
  journal.count = 5n;
  t.match(gaps.check(), [{ gap: { count: 3n } }]);
});

t.test('the last record tells how the run before ended', async (t) => {
  const dir = join(t.testdir({}), 'journal');
  const run = async (...events: string[]): Promise<bigint> => {
    const { journal } = Journal.open(dir);
    const evaluation = new Evaluation(settings);
    for (const event of events) journal.append(evaluation.store(own.sensor(event, '')));
    await journal.close();
    return journal.stats().nextSeq;
  };
  t.match(readLastRun(dir, await run(), 'boot'), { end: 'none' });
  t.match(readLastRun(dir, await run('start', 'stop'), 'boot'), { end: 'stopped', lastSeq: 2n });
  t.match(readLastRun(dir, await run('start'), 'boot'), { end: 'killed', lastSeq: 3n });
  t.match(readLastRun(dir, 4n, 'another boot'), { end: 'reboot' });
  const late = await run('start', 'stop', 'publish.stalled');
  t.match(readLastRun(dir, late, 'boot'), { end: 'stopped' }, 'whatever was said behind it');
  t.match(readLastRun(dir, await run('start'), 'boot'), { end: 'killed' }, 'a stop long ago');
});

t.test('one daemon holds a state directory, and the second is told which', async (t) => {
  const dir = join(t.testdir({}), 'a', 'state');
  prepareDirectory(dir, 0o700);
  t.equal(statSync(dir).mode & 0o777, 0o700);
  const shared = join(dir, 'there');
  mkdirSync(shared, { mode: 0o755 });
  prepareDirectory(shared, 0o700);
  t.equal(statSync(shared).mode & 0o777, 0o755, 'what was there keeps its mode');
  let free = true;
  const posix = { flockExclusive: () => free } as unknown as Parameters<typeof lockDirectory>[2];
  lockDirectory(dir, 'state', posix)();
  free = false;
  t.throws(() => lockDirectory(dir, 'state', posix), new RegExp(`pid ${process.pid}`));
  t.throws(() => lockDirectory(dir, 'run', posix), /another watchfloor runs on/);
  t.ok(existsSync(join(dir, 'watchfloor.lock')), 'one directory may be both, with a lock for each');
  t.throws(() => {
    prepareDirectory('/dev/null/none', 0o700);
  }, /cannot be prepared: ENOTDIR/);
  t.throws(
    () => {
      prepareDirectory(join(dir, 'lock'), 0o700);
    },
    { exitCode: 69, message: /is not a directory/ },
  );
  chmodSync(shared, 0o777);
  t.throws(
    () => {
      prepareDirectory(shared, 0o700);
    },
    { exitCode: 77, message: /can be written by everybody/, remedy: /chmod o-w/ },
  );
});

t.test('what the machine refuses has an exit code and a remedy', async (t) => {
  t.match(asCliError(refusal('EPERM')), { exitCode: 77, remedy: 'do this' });
  t.match(asCliError(refusal('ENOENT')), { exitCode: 69 });
  t.match(asCliError(new JournalError('/x', 'EACCES', null)), { exitCode: 77 });
  t.match(asCliError(new JournalError('/x', 'EROFS', null)), { exitCode: 69 });
  const ours = new Error('a mistake');
  t.equal(asCliError(ours), ours);
  const platform = { kernel: '6', btf: true, cgroup: null, capabilities: ['CAP_BPF'], bootId: 'b' };
  refuseMachine(platform);
  t.throws(() => {
    refuseMachine({ ...platform, btf: false });
  }, /does not describe its types/);
  t.throws(() => {
    refuseMachine({ ...platform, capabilities: [] });
  }, /may not load/);
  t.ok(asCliError(new CliError(69, 'm', 'r')) instanceof CliError);
});
