import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import { readCounters } from '../../src/decode/counters.js';
import { decodeBatch } from '../../src/decode/index.js';
import { WF_FLOW_OPEN } from '../../src/decode/layout.gen.js';
import { processId } from '../../src/event/index.js';
import type { KernelEvent, RingName } from '../../src/event/index.js';
import type * as native from '../../native/index.js';
import { runCommand, startChild } from '../helpers/children.js';
import { compileProgram } from '../helpers/compile.js';
import { cgroupMount, whyNoKernel } from '../helpers/environment.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { startSinkServer } from '../helpers/sink-server.js';
import { waitFor } from '../helpers/wait.js';

const skip = whyNoKernel() ?? false;
const addon = createRequire(import.meta.url)(
  '../../build/Release/watchfloor.node',
) as typeof native;

const KIB = 1024;
const MIN_BATCH = 128 * KIB;
const OPTIONS = {
  rings: { lifecycle: 1024 * KIB, network: 1024 * KIB, payload: 4 * KIB },
  cgroup: cgroupMount(),
  maxCallBytes: 1024 * KIB,
  maxProcesses: 4096,
  wakeBytes: 64 * KIB,
};

/** A ring that a flood's rounds fill some times over. */
const NETWORK = 64 * KIB;
/** 60 processes that fill two batches with what the lifecycle ring tells of them, and connect to nothing. */
const FLOOD = 'x=$(printf %04000d 0); i=0; while [ $i -lt 60 ]; do /bin/true $x; i=$((i+1)); done';
const BRIEF = resolve('test/evasion/e43-brief');

/** A sensor, and a way to run processes of a lineage that connect and end at once. */
async function makeScene(t: Test, rings: Partial<native.SensorOptions['rings']> = {}) {
  const shell = join(scratchDirectory(t), 'wf-order');
  copyFileSync('/bin/sh', shell);
  const [many, connect] = ['many', 'connect'].map((name) =>
    compileProgram(join(BRIEF, `${name}.c`)),
  ) as [string, string];
  const sensor = new addon.Sensor({ ...OPTIONS, rings: { ...OPTIONS.rings, ...rings } });
  t.teardown(() => {
    sensor.close();
  });
  sensor.attach();
  sensor.setCandidates(['wf-order'], [], false);
  const { port } = await startSinkServer(t, '127.0.0.1');
  const script = (count: number): string => `'${many}' ${count} '${connect}' ${port} order`;
  const run = async (command: string): Promise<void> => {
    const { code, stderr } = await runCommand(t, [shell, '-c', `${command}; exit $?`]);
    t.equal(code, 0, `it ends well: ${stderr}`);
  };
  return { sensor, shell, script, run };
}

/** Tells of each batch which network records came in it whose process had not yet been seen to execute anything. */
class Order {
  readonly early: KernelEvent[] = [];
  readonly opened = new Set<string>();
  readonly took = { lifecycle: 0, network: 0, payload: 0 };
  readonly #executed = new Set<string>();

  batch(bytes: Uint8Array): void {
    const { events } = decodeBatch(bytes);
    for (const { kind, key } of events) if (kind === 'exec') this.#executed.add(processId(key));
    for (const event of events) {
      this.took[event.origin.ring] += 1;
      const id = processId(event.key);
      if (event.origin.ring === 'network' && !this.#executed.has(id)) this.early.push(event);
      if (event.kind === 'flow_open') this.opened.add(id);
    }
  }
}

/** Over all CPUs: sequence numbers taken, and records that found no room. */
function made(counters: Uint8Array, ring: RingName): { emitted: number; full: number } {
  const lanes = readCounters(counters).filter((lane) => lane.ring === ring);
  return {
    emitted: lanes.reduce((sum, { emitted }) => sum + emitted, 0),
    full: lanes.reduce((sum, { ringFull }) => sum + ringFull, 0),
  };
}

t.test('cut at the limit, no flow comes before its process', { skip }, async (t) => {
  const { sensor, script, run } = await makeScene(t);
  sensor.start(() => t.fail('paused'), { pollMs: 60_000, maxBatchBytes: MIN_BATCH });
  sensor.pause();
  await run(`${FLOOD}; ${script(500)}`);
  sensor.detach();
  const order = new Order();
  const batches: native.NativeBatch[] = [];
  for (let one = sensor.drain(); one !== null; one = sensor.drain()) {
    batches.push(one);
    order.batch(one.bytes);
  }
  t.ok(batches.length > 4, 'it took some batches');
  t.ok(batches.every(({ bytes }) => bytes.length <= MIN_BATCH));
  t.ok(batches.slice(0, -1).every(({ drained }) => !drained));
  t.ok(batches.at(-1)?.drained, 'only the last is drained');
  t.equal(order.opened.size, 500);
  t.same(order.early, [], 'every flow has its exec before it');
  for (const ring of ['lifecycle', 'network'] as const)
    t.same(made(sensor.counters(), ring), { emitted: order.took[ring], full: 0 }, `all of ${ring}`);
});

t.test('what was held back is read at once, not at the next poll', { skip }, async (t) => {
  const { sensor, script, run } = await makeScene(t);
  const order = new Order();
  let last = false;
  sensor.start(
    ({ bytes, drained }) => {
      order.batch(bytes);
      last = drained;
    },
    { pollMs: 60_000, maxBatchBytes: MIN_BATCH },
  );
  sensor.pause();
  await run(`${FLOOD}; ${script(500)}`);
  sensor.resume();
  await waitFor('all that the rings held', () => last);
  t.equal(order.opened.size, 500);
  t.same(order.early, []);
});

t.test('a flood of processes does not starve the network ring', { skip }, async (t) => {
  // The lifecycle ring is full after each round, and never read to its end. What is held back for it is as old as what
  // it holds: three or four rounds, of which the network ring holds twice as many.
  const { sensor, script, run } = await makeScene(t, { lifecycle: 256 * KIB, network: NETWORK });
  sensor.start(() => t.fail('paused'), { pollMs: 60_000, maxBatchBytes: MIN_BATCH });
  sensor.pause();
  const order = new Order();
  for (let round = 0; round < 30; round++) {
    await run(`${FLOOD}; ${script(20)}`);
    order.batch(sensor.drain()?.bytes ?? Buffer.alloc(0));
  }
  const { emitted, full } = made(sensor.counters(), 'network');
  t.ok(made(sensor.counters(), 'lifecycle').full > 0, 'the lifecycle ring was full');
  t.equal(full, 0, 'the network ring never was');
  t.ok(emitted * WF_FLOW_OPEN.SIZE > 2 * NETWORK, 'it would have been');
});

t.test('read while it happens, no flow comes before its process', { skip }, async (t) => {
  const { sensor, shell, script } = await makeScene(t);
  const order = new Order();
  sensor.start(
    ({ bytes }) => {
      order.batch(bytes);
    },
    { pollMs: 1, maxBatchBytes: MIN_BATCH },
  );
  const runs = ['a', 'b', 'c'].map(() => startChild(t, [shell, '-c', `${script(1000)}; exit $?`]));
  await waitFor('all of them to end', () => runs.every(({ exitCode }) => exitCode !== null));
  t.same(
    runs.map(({ exitCode }) => exitCode),
    [0, 0, 0],
  );
  await waitFor('every flow', () => {
    const counters = sensor.counters();
    return (['lifecycle', 'network'] as const).every(
      (ring) => order.took[ring] === made(counters, ring).emitted,
    );
  });
  t.equal(order.opened.size, 3000);
  t.same(order.early, []);
});
