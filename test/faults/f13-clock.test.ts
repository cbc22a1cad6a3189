import t from 'tap';
import type { Command, Input } from '../../src/event/index.js';
import { Evaluation } from '../../src/evaluation.js';
import { readRecording } from '../../src/recording/index.js';
import type { Storable } from '../../src/redact/index.js';

const RECORDING = 'test/fixtures/recordings/demo.wfrec';
const DAY_NS = 86_400_000_000_000n;

type Body = Storable['body'];

interface Run {
  readonly bodies: readonly Body[];
  readonly commands: readonly Command[];
}

/** What a recorded run gives when the wall clock is set by `jump(tick)` nanoseconds at each tick. */
function replay(jump: (tick: number) => bigint): Run {
  const recording = readRecording(RECORDING);
  if (!recording.ok) throw new Error(recording.reason);
  let [evaluation, ticks] = [new Evaluation(recording.header.settings), 0];
  const bodies: Body[] = [];
  const commands: Command[] = [];
  const set = (input: Input): Input =>
    input.input === 'tick' ? { ...input, wallNs: input.wallNs + jump(ticks++) } : input;
  for (const entry of recording.entries()) {
    if (entry.entry === 'settings') evaluation = new Evaluation(entry.settings, evaluation);
    if (entry.entry === 'value') bodies.push(evaluation.store(entry.value).body);
    if (entry.entry !== 'input') continue;
    const step = evaluation.step(set(entry.input));
    for (const { body } of step.storables) bodies.push(body);
    commands.push(...step.commands);
  }
  return { bodies, commands };
}

/** Without what the wall clock is part of: the time, the time in the id, and the audit event that repeats both. */
const untimed = ({ eventId, wallNs, audit, ...rest }: Body): object => ({
  ...rest,
  timed: [wallNs !== undefined, audit !== undefined],
  hashed: eventId?.slice(15),
});

const steady = replay(() => 0n);

const JUMPS: Readonly<Record<string, (tick: number) => bigint>> = {
  'a day forward': (tick) => (tick < 20 ? 0n : DAY_NS),
  'a day back': (tick) => (tick < 20 ? 0n : -DAY_NS),
  'to and fro with every tick': (tick) => (tick % 2 === 0 ? DAY_NS : -DAY_NS),
  'a leap second back and again': (tick) => (tick % 3 === 1 ? -1_000_000_000n : 0n),
  'before 1970': () => -100n * 365n * DAY_NS,
};

for (const [name, jump] of Object.entries(JUMPS)) {
  t.test(`the wall clock jumps: ${name}`, async (t) => {
    const { bodies, commands } = replay(jump);
    t.same(bodies.map(untimed), steady.bodies.map(untimed), 'the same records in the same order');
    t.same(commands, steady.commands, 'nothing is looked up or timed out more or less often');
    const ids = bodies.map(({ eventId }) => eventId);
    t.equal(new Set(ids).size, ids.length, 'no event id is given twice');
    const moved = bodies.filter(({ wallNs }, index) => wallNs !== steady.bodies[index]?.wallNs);
    t.ok(moved.length > 0, 'the wall clock did move, and is shown as it was');
  });
}

t.test(
  'records of one CPU and ring are in the order of their numbers and of boot time',
  async (t) => {
    const { bodies } = replay(JUMPS['to and fro with every tick'] ?? (() => 0n));
    t.equal(new Set(bodies.map(({ bootId }) => bootId)).size, 1);
    const lanes = new Map<string, Body[]>();
    for (const body of bodies) {
      const { ring = '', cpu = 0 } = body.origin ?? {};
      // A record that waited for its window comes behind those that did not; what is said at once is in order.
      if (body.kind !== 'exec') continue;
      const lane = lanes.get(`${ring}/${cpu}`) ?? [];
      lanes.set(`${ring}/${cpu}`, [...lane, body]);
    }
    t.ok(lanes.size > 0);
    for (const [name, lane] of lanes) {
      const numbers = lane.map(({ origin }) => origin?.seq ?? 0n);
      t.same(
        numbers,
        [...numbers].sort((a, b) => Number(a - b)),
        name,
      );
    }
  },
);
