import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { WF_COUNTERS, WF_HEADER, WF_SEED, WfKind, WfRing } from '../../src/decode/layout.gen.js';
import type * as native from '../../native/index.js';
import type { Owner } from '../helpers/children.js';
import { whyNoKernel } from '../helpers/environment.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const skip = whyNoKernel() ?? false;
const addon = createRequire(import.meta.url)(
  '../../build/Release/watchfloor.node',
) as typeof native;

const MIN_BATCH = 128 * 1024;
const OPTIONS = {
  rings: { lifecycle: 1 << 20, network: 4096, payload: 4096 },
  cgroup: null,
  maxCallBytes: 1 << 20,
  maxProcesses: 1024,
  wakeBytes: 1 << 19,
};

interface Seen {
  readonly kind: number;
  readonly tgid: number;
  readonly startNs: bigint;
  readonly seq: bigint;
  readonly lane: string;
}

/** Walks a batch by the header's size, as the decoder does; throws where it does not fit together. */
function records(bytes: Buffer): Seen[] {
  const seen: Seen[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32LE(at + WF_HEADER.size);
    const padded = Math.ceil(size / 8) * 8;
    if (size < WF_HEADER.SIZE || at + padded > bytes.length)
      throw new Error(`size ${size} at ${at}`);
    if (bytes.subarray(at + size, at + padded).some((byte) => byte !== 0))
      throw new Error('padding');
    const ring = bytes.readUInt8(at + WF_HEADER.ring);
    seen.push({
      kind: bytes.readUInt16LE(at + WF_HEADER.kind),
      tgid: bytes.readUInt32LE(at + WF_HEADER.tgid),
      startNs: bytes.readBigUInt64LE(at + WF_HEADER.start_ns),
      seq: bytes.readBigUInt64LE(at + WF_HEADER.seq),
      lane: `${bytes.readUInt32LE(at + WF_HEADER.cpu)}:${ring}`,
    });
    at += padded;
  }
  return seen;
}

/** Records of the lifecycle ring that the counters say were made, and those they say were lost. */
function counted(counters: Buffer): { emitted: bigint; lost: bigint } {
  let [emitted, lost] = [0n, 0n];
  for (let at = 0; at < counters.length; at += WF_COUNTERS.SIZE * WfRing.COUNT) {
    const lane = at + WfRing.LIFECYCLE * WF_COUNTERS.SIZE;
    emitted += counters.readBigUInt64LE(lane + WF_COUNTERS.emitted);
    lost += counters.readBigUInt64LE(lane + WF_COUNTERS.lost);
  }
  return { emitted, lost };
}

/** A program under a name of its own, so that nobody else's exec is an event here. */
function candidate(t: Owner, name: string): string {
  const path = join(scratchDirectory(t), name);
  copyFileSync('/bin/true', path);
  return path;
}

function openSensor(t: Owner, name: string, options: native.SensorOptions = OPTIONS) {
  const sensor = new addon.Sensor(options);
  t.teardown(() => {
    sensor.close();
  });
  sensor.attach();
  sensor.setCandidates([name], [], false);
  return sensor;
}

t.test('what happens reaches the callback, whole and once', { skip }, async (t) => {
  const program = candidate(t, 'wf-drain-once');
  const sensor = openSensor(t, 'wf-drain-once');
  const seen: Seen[] = [];
  sensor.start(({ bytes }) => seen.push(...records(bytes)), {
    pollMs: 5,
    maxBatchBytes: MIN_BATCH,
  });
  const pids: number[] = [];
  for (let i = 0; i < 50; i++) {
    const child = spawn(program);
    pids.push(child.pid ?? 0);
    await once(child, 'exit');
  }
  await waitFor('every exit', () => seen.filter(({ kind }) => kind === WfKind.EXIT).length === 50);
  t.same(
    seen.filter(({ kind }) => kind === WfKind.EXEC).map(({ tgid }) => tgid),
    pids,
  );
  const places = seen.map(({ lane, seq }) => `${lane}:${seq}`);
  t.equal(new Set(places).size, places.length, 'no number twice');
  t.equal(BigInt(places.length), counted(sensor.counters()).emitted, 'emitted = delivered');
});

t.test(
  'paused, a full ring loses by the count, and resume brings the rest',
  { skip },
  async (t) => {
    const program = candidate(t, 'wf-drain-paused');
    const small = { ...OPTIONS, rings: { ...OPTIONS.rings, lifecycle: 4096 } };
    const sensor = openSensor(t, 'wf-drain-paused', small);
    const seen: Seen[] = [];
    let last: Buffer = Buffer.alloc(0);
    sensor.start(
      ({ bytes, counters }) => {
        seen.push(...records(bytes));
        last = counters;
      },
      { pollMs: 5, maxBatchBytes: MIN_BATCH },
    );
    sensor.pause();
    for (let i = 0; i < 60; i++) spawnSync(program);
    const { emitted, lost } = counted(sensor.counters());
    t.ok(lost > 0n, 'more was made than the ring holds');
    t.equal(seen.length, 0, 'nothing came while paused');
    sensor.resume();
    await waitFor('what the ring held', () => BigInt(seen.length) === emitted - lost);
    t.same(counted(last), { emitted, lost }, 'the batch says what was lost');
  },
);

t.test('drain gives the rest in bounded pieces and then null', { skip }, async (t) => {
  const program = candidate(t, 'wf-drain-pieces');
  const sensor = openSensor(t, 'wf-drain-pieces');
  const argument = 'x'.repeat(4000);
  for (let i = 0; i < 60; i++) spawnSync(program, [argument]);
  sensor.detach();
  sensor.start(() => t.fail('paused'), { pollMs: 60_000, maxBatchBytes: MIN_BATCH });
  sensor.pause();
  const batches: native.NativeBatch[] = [];
  for (let one = sensor.drain(); one !== null; one = sensor.drain()) batches.push(one);
  t.ok(batches.length > 1, 'took more than one');
  t.ok(batches.every(({ bytes }) => bytes.length <= MIN_BATCH));
  t.same(
    batches.map(({ drained }) => drained),
    batches.map((_, index) => index === batches.length - 1),
    'only the last is drained',
  );
  const kinds = batches.flatMap(({ bytes }) => records(bytes)).map(({ kind }) => kind);
  t.equal(kinds.filter((kind) => kind === WfKind.EXEC).length, 60);
  t.equal(kinds.filter((kind) => kind === WfKind.EXIT).length, 60);
});

t.test(
  'candidates are replaced; a verdict and a scope can be set and removed',
  { skip },
  async (t) => {
    const [first, second] = [candidate(t, 'wf-drain-a'), candidate(t, 'wf-drain-b')];
    const sensor = openSensor(t, 'wf-drain-a');
    sensor.setCandidates(['wf-drain-b', 'n'.repeat(300)], ['wf-no-such-directory'], false);
    const one = spawnSync(first);
    const two = spawnSync(second);
    const { bytes } = sensor.drain() ?? { bytes: Buffer.alloc(0) };
    const tgids = new Set(records(bytes).map(({ tgid }) => tgid));
    t.notOk(tgids.has(one.pid));
    t.ok(tgids.has(two.pid));
    sensor.setVerdict(two.pid, 7n, 2);
    sensor.deleteVerdict(two.pid, 7n);
    sensor.deleteVerdict(two.pid, 7n);
    sensor.setScope(two.pid, 7n, two.pid, 7n);
    sensor.deleteScope(two.pid, 8n, two.pid, 7n);
    sensor.deleteScope(two.pid, 7n, two.pid, 7n);
    t.throws(
      () => {
        sensor.setCandidates(
          Array.from({ length: 5000 }, (_, i) => `name-${i}`),
          [],
          false,
        );
      },
      { code: 'E2BIG', operation: 'set candidates' },
    );
  },
);

t.test('seeds are every process that exists, ourselves with our start', { skip }, async (t) => {
  const sensor = openSensor(t, 'wf-drain-seeds');
  const bytes = sensor.seeds();
  t.equal(bytes.length % WF_SEED.SIZE, 0);
  const seeds = records(bytes);
  t.ok(seeds.every(({ kind }) => kind === WfKind.SEED));
  t.ok(seeds.some(({ tgid }) => tgid === process.pid));
  t.ok(seeds.some(({ tgid }) => tgid === process.ppid));
  const boot = addon.posix.clocks().bootNs;
  t.ok(seeds.every(({ startNs }) => startNs < boot));
});

t.test('a lineage goes on in the kernel while no callback is run', { skip }, async (t) => {
  const sensor = openSensor(t, 'wf-drain-tree');
  const shell = join(scratchDirectory(t), 'wf-drain-tree');
  copyFileSync('/bin/sh', shell);
  const { pid } = spawnSync(shell, ['-c', '/bin/true; /bin/true']);
  const { bytes } = sensor.drain() ?? { bytes: Buffer.alloc(0) };
  const seen = records(bytes);
  t.equal(seen.filter(({ kind, tgid }) => kind === WfKind.FORK && tgid === pid).length, 2);
  t.equal(seen.filter(({ kind, tgid }) => kind === WfKind.EXEC && tgid !== pid).length, 2);
});
