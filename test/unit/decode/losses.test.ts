import t from 'tap';
import { decodeBatch, LossTracker } from '../../../src/decode/index.js';
import type { Loss } from '../../../src/event/index.js';
import {
  batchOf,
  countersOf,
  exitRecord,
  flowOpenRecord,
  type LaneFields,
  record,
} from '../../helpers/wire.js';

const LIFECYCLE = 0;
const NETWORK = 1;
const tuple = { dst: '10.0.0.1', dstPort: 1 };

const batchWith = (seqs: readonly number[], cpu = 0) => ({
  ...decodeBatch(batchOf(...seqs.map((seq) => exitRecord(0, { seq: BigInt(seq), cpu })))),
});

const drain = (tracker: LossTracker, seqs: readonly number[], lane: Partial<LaneFields>): Loss[] =>
  tracker.on({
    ...batchWith(seqs, lane.cpu),
    drained: true,
    counters: countersOf(2, [{ cpu: 0, ring: LIFECYCLE, emitted: 0, ...lane }]),
  });

t.test('numbers out of order are no loss', (t) => {
  const tracker = new LossTracker();
  t.strictSame(drain(tracker, [2, 0, 3, 1], { emitted: 4 }), []);
  t.strictSame(drain(tracker, [5, 4], { emitted: 6 }), []);
  t.strictSame(drain(tracker, [], { emitted: 6 }), []);
  const [lifecycle] = tracker.accounting().rings;
  t.strictSame(lifecycle, { ring: 'lifecycle', emitted: 6, delivered: 6, dropped: 0, residual: 0 });
  t.end();
});

t.test('a number is missing only after the next full drain has not brought it', (t) => {
  const tracker = new LossTracker();
  t.strictSame(drain(tracker, [0, 2], { emitted: 4, ringFull: 1 }), [], '1 and 3 may still come');
  t.strictSame(drain(tracker, [3], { emitted: 4, ringFull: 1 }), [
    { ring: 'lifecycle', cpu: 0, cause: 'ring_full', count: 1n, first: 1n, last: 1n },
  ]);
  t.strictSame(drain(tracker, [], { emitted: 4, ringFull: 1 }), [], 'and is told once');
  t.equal(tracker.accounting().rings[0]?.residual, 0, 'emitted = delivered + dropped');
  t.end();
});

t.test('a batch that did not empty the rings proves nothing missing', (t) => {
  const tracker = new LossTracker();
  const part = (seqs: number[]) => ({
    ...batchWith(seqs),
    drained: false,
    counters: countersOf(1, [{ cpu: 0, ring: LIFECYCLE, emitted: 10 }]),
  });
  t.strictSame(tracker.on(part([0, 1])), []);
  t.strictSame(tracker.on(part([7])), []);
  t.equal(tracker.accounting().rings[0]?.residual, 7, 'what is on its way is the residual');
  t.end();
});

t.test('CPUs and rings are counted apart', (t) => {
  const tracker = new LossTracker();
  const counters = countersOf(2, [
    { cpu: 1, ring: LIFECYCLE, emitted: 2, ringFull: 1 },
    { cpu: 1, ring: NETWORK, emitted: 1 },
  ]);
  const batch = decodeBatch(
    batchOf(exitRecord(0, { cpu: 1, seq: 1n }), flowOpenRecord(1n, tuple, { cpu: 1 })),
  );
  t.strictSame(tracker.on({ ...batch, drained: true, counters }), []);
  const losses = tracker.on({ ...decodeBatch(new Uint8Array()), drained: true, counters });
  t.match(losses, [{ ring: 'lifecycle', cpu: 1, first: 0n, last: 0n }]);
  t.equal(losses.length, 1);
  t.end();
});

t.test('losses without numbers come from the counters alone', (t) => {
  const tracker = new LossTracker();
  t.strictSame(drain(tracker, [0], { emitted: 1, fault: 3 }), [
    { ring: 'lifecycle', cpu: 0, cause: 'fault', count: 3n },
  ]);
  t.strictSame(drain(tracker, [], { emitted: 1, fault: 3 }), [], 'what was told is not told again');
  t.end();
});

t.test('a loss no number shows in a second is told anyway, and only once', (t) => {
  const tracker = new LossTracker();
  drain(tracker, [0], { emitted: 3, ringFull: 2 });
  t.strictSame(tracker.tick(1_000_000_000n), []);
  t.strictSame(tracker.tick(2_000_000_000n), [
    { ring: 'lifecycle', cpu: 0, cause: 'ring_full', count: 2n },
  ]);
  t.strictSame(tracker.tick(9_000_000_000n), []);
  t.strictSame(drain(tracker, [], { emitted: 3, ringFull: 2 }), [], 'its numbers come too late');
  t.end();
});

t.test(
  'an unreadable record is a loss with its number, and a rest that could not be read too',
  (t) => {
    const tracker = new LossTracker();
    const bad = record(999, { SIZE: 56 }, { header: { seq: 0n, ring: LIFECYCLE } });
    const broken = exitRecord(0, { seq: 1n });
    broken.set([0xff, 0xff], 44);
    const losses = tracker.on({
      ...decodeBatch(batchOf(bad, broken, exitRecord(0, { seq: 2n }))),
      drained: true,
      counters: countersOf(1, [{ cpu: 0, ring: LIFECYCLE, emitted: 3 }]),
    });
    t.strictSame(losses, [
      { ring: 'lifecycle', cpu: 0, cause: 'invalid_record', count: 1n, first: 0n, last: 0n },
    ]);
    t.strictSame(drain(tracker, [], { emitted: 3 }), [
      { ring: 'lifecycle', cpu: 0, cause: 'invalid_record', count: 2n, first: 1n, last: 2n },
    ]);
    t.equal(tracker.accounting().rings[0]?.residual, 2, 'nobody can explain them');
    t.end();
  },
);

t.test('a number that comes after it was called missing is counted as late', (t) => {
  const tracker = new LossTracker();
  drain(tracker, [1], { emitted: 2, ringFull: 1 });
  drain(tracker, [], { emitted: 2, ringFull: 1 });
  drain(tracker, [0], { emitted: 2, ringFull: 1 });
  t.equal(tracker.accounting().late, 1);
  t.end();
});

t.test('memory is bounded: holes beyond the limit are told at once, many ranges as one', (t) => {
  const tracker = new LossTracker();
  const odd = Array.from({ length: 1100 }, (_, i) => 2 * i + 1);
  const losses = drain(tracker, odd, { emitted: 2200, ringFull: 1100 });
  t.ok(losses.length > 0, 'the oldest holes are given up');
  const rest = drain(tracker, [], { emitted: 2200, ringFull: 1100 });
  const missing = [...losses, ...rest].reduce((sum, loss) => sum + loss.count, 0n);
  t.equal(missing, 1100n, 'not one is lost silently');
  t.ok(rest.length <= 65);
  t.end();
});

t.test('swapped numbers behind a hole join and take no room', (t) => {
  const tracker = new LossTracker();
  const swapped = Array.from({ length: 1100 }, (_, i) => [2 * i + 2, 2 * i + 1]).flat();
  t.strictSame(drain(tracker, swapped, { emitted: 2201 }), [], 'the hole at 0 may still fill');
  t.match(drain(tracker, [], { emitted: 2201 }), [{ count: 1n, first: 0n, last: 0n }]);
  t.end();
});

t.test('plaintext copied for nobody stays visible', (t) => {
  const tracker = new LossTracker();
  drain(tracker, [], { emitted: 0, payloadAgent: 10, payloadForeign: 0 });
  t.match(tracker.accounting(), { payloadBytesAgent: 10, payloadBytesForeign: 0 });
  t.end();
});

t.test('another reader is gone on from: its records count, its losses are told already', (t) => {
  const tracker = new LossTracker();
  const none = { fault: 0, tableFull: 0, callLimit: 0 };
  tracker.resume([
    { ring: 'lifecycle', cpu: 0, taken: 7, next: 10, ringFull: 3, ...none, fault: 2 },
    { ring: 'network', cpu: 1, taken: 0, next: 0, ringFull: 0, ...none },
  ]);
  const lane = { emitted: 13, ringFull: 4, fault: 2 };
  t.strictSame(drain(tracker, [10, 12], lane), [], 'nothing below 10 is missing');
  t.strictSame(
    drain(tracker, [], lane),
    [{ ring: 'lifecycle', cpu: 0, cause: 'ring_full', count: 1n, first: 11n, last: 11n }],
    'what was dropped while nobody read is told',
  );
  t.strictSame(tracker.accounting().rings[0], {
    ...{ ring: 'lifecycle', emitted: 13, delivered: 9, dropped: 4, residual: 0 },
  });
  t.end();
});
