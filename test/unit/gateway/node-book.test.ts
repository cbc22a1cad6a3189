import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import type { BookEvent } from '../../../src/gateway/book-event.js';
import type { Incoming } from '../../../src/gateway/incoming.js';
import { NodeBook } from '../../../src/gateway/node-book.js';
import type { KnownNode, Taken } from '../../../src/gateway/node-book.js';
import { ReorderBudget } from '../../../src/gateway/reorder-buffer.js';
import { decodeRecord, encodeRecord } from '../../../src/record/index.js';
import { EMPTY_ROOT, leafHash } from '../../../src/tlog/index.js';
import { FakeMirror, FakeNode, NODE, TENANT } from './fake-node.js';

const GAP_MS = 30_000;
const NOTHING: KnownNode = {
  vkey: null,
  cosigned: { size: 0n, root: EMPTY_ROOT },
  held: null,
  epoch: 0,
};

function openBook({ known = NOTHING, maxRecords = 1000, mirror = new FakeMirror() } = {}) {
  const rules = { gapAfterMs: GAP_MS, reorder: { maxRecords, maxBytes: 1 << 20 } };
  const book = new NodeBook(
    { tenant: TENANT, node: NODE },
    mirror,
    known,
    rules,
    new ReorderBudget(1 << 22),
  );
  const take = (records: readonly Incoming[], nowMs = 0): Taken[] =>
    records.map((record) => book.take(record, nowMs));
  return { book, mirror, take };
}

const named = (events: readonly BookEvent[], name: BookEvent['event']): BookEvent[] =>
  events.filter(({ event }) => event === name);

const bytesOf = (records: readonly Incoming[]): Buffer[] =>
  records.map(({ bytes }) => Buffer.from(bytes));

t.test('records in order are in the copy, byte for byte', async (t) => {
  const { book, mirror, take } = openBook();
  const node = new FakeNode();
  t.same(take(node.many(5)), Array(5).fill('appended'));
  t.same(
    mirror.stored.map((bytes) => Buffer.from(bytes)),
    bytesOf(node.records),
  );
  t.same(book.takeEvents(), []);
});

t.test('a record that comes again is a repeat, however late, and is not kept twice', async (t) => {
  const { book, mirror, take } = openBook();
  const node = new FakeNode();
  take(node.many(5));
  t.same(take(node.records), Array(5).fill('repeat'));
  t.equal(mirror.stored.length, 5);
  t.equal(book.counts.repeats, 5);
  t.same(book.takeEvents(), [], 'and nothing is said of it');
});

t.test('records in any order come into the copy in theirs', async (t) => {
  const { book, mirror, take } = openBook();
  const node = new FakeNode();
  const [a, b, c, d, e] = node.many(5) as [Incoming, Incoming, Incoming, Incoming, Incoming];
  t.same(take([c, e, d, c]), ['waiting', 'waiting', 'waiting', 'repeat']);
  t.equal(book.hasHole, true);
  t.same(take([b, a]), ['waiting', 'appended']);
  t.same(
    mirror.stored.map((bytes) => Buffer.from(bytes)),
    bytesOf(node.records),
  );
  t.equal(book.hasHole, false);
  t.equal(book.waiting, 0);
  book.tick(GAP_MS * 100);
  t.same(book.takeEvents(), [], 'a hole that was filled in time is nothing to say');
});

t.test('what waits is not the memory of the message it came in', async (t) => {
  const { mirror, take } = openBook();
  const node = new FakeNode();
  const [a, b] = node.many(2) as [Incoming, Incoming];
  const before = Buffer.from(b.bytes);
  const message = Buffer.from(b.bytes);
  take([{ ...b, bytes: message }]);
  message.fill(0);
  take([a]);
  t.same(Buffer.from(mirror.stored[1]!), before);
});

t.test('a stub stands for its record, whichever of both comes first', async (t) => {
  const node = new FakeNode();
  const [whole] = node.many(1) as [Incoming];
  const decoded = decodeRecord(whole.bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  const stub = { bytes: BigInt(whole.bytes.length), leafHash: leafHash(whole.bytes) };
  const short = { ...whole, bytes: encodeRecord({ ...decoded.record, stub }) };
  for (const pair of [
    [whole, short],
    [short, whole],
  ]) {
    const { book, take } = openBook();
    t.same(take(pair), ['appended', 'repeat']);
    const checkpoint = node.records.length === 1 ? node.checkpoint() : node.records[1]!;
    take([checkpoint]);
    t.equal(book.trust.agreed?.size, 1n, 'the tree is that of the whole record');
    t.same(named(book.takeEvents(), 'conflict'), []);
  }
});

t.test('what is missing for too long is a gap, said once with its numbers', async (t) => {
  const { book, take } = openBook();
  const node = new FakeNode();
  const records = node.many(9);
  take(records.slice(0, 3), 0);
  take(records.slice(6), 1000);
  book.tick(1000 + GAP_MS - 1);
  t.same(book.takeEvents(), [], 'not before its time');
  book.tick(1000 + GAP_MS);
  book.tick(1000 + GAP_MS + 1);
  const gap = { event: 'gap', firstSeq: 4n, lastSeq: 6n, cause: 'missing', have: false };
  t.same(book.takeEvents(), [gap]);
  take(records.slice(3, 6), 2000 + GAP_MS);
  t.same(book.takeEvents(), [{ event: 'filled', firstSeq: 4n, lastSeq: 6n }]);
  t.equal(book.counts.appended, 9);
});

t.test('a hole waits for a resend, and is given up behind a signed tree', async (t) => {
  const { book, mirror, take } = openBook();
  const node = new FakeNode();
  take(node.many(3));
  take([node.checkpoint()]);
  node.many(4);
  const later = [node.checkpoint(), ...node.many(2)];
  take(later, 0);
  book.tick(GAP_MS);
  t.same(named(book.takeEvents(), 'gap').length, 1);
  book.tick(GAP_MS * 4 - 1);
  t.equal(mirror.next, 5n, 'a node that sends again from what was cosigned has the time for it');
  book.tick(GAP_MS * 4);
  const skipped = { event: 'skipped', firstSeq: 5n, lastSeq: 8n, proven: true };
  t.same(book.takeEvents(), [skipped], 'nothing was cosigned, so nothing is contradicted');
  t.equal(mirror.next, 12n);
  t.equal(book.trust.agreed?.size, 8n);
});

t.test(
  'a node met for the first time in the middle of its life gets the time to send again, too',
  async (t) => {
    const { book, mirror, take } = openBook();
    const node = new FakeNode();
    node.many(100);
    take([...node.many(2), node.checkpoint(), ...node.many(2)], 0);
    book.tick(GAP_MS);
    t.equal(mirror.next, 1n);
    book.tick(4 * GAP_MS);
    t.equal(mirror.next, 106n);
    t.equal(book.trust.agreed?.size, 102n);
    t.same(
      named(book.takeEvents(), 'skipped').map((e) => 'firstSeq' in e && [e.firstSeq, e.lastSeq]),
      [[1n, 102n]],
    );
  },
);

t.test(
  'there is a limit to what waits, and a tree to go on behind is kept beyond it',
  async (t) => {
    const { book, mirror, take } = openBook({ maxRecords: 4 });
    const node = new FakeNode();
    node.many(1);
    t.same(take(node.many(6)), [...Array<Taken>(4).fill('waiting'), 'dropped', 'dropped']);
    t.same(take([node.checkpoint()]), ['dropped']);
    t.equal(book.waiting, 4);
    book.tick(4 * GAP_MS);
    t.equal(mirror.next, 8n);
    t.equal(book.waiting, 0);
    take([node.records[7]!, ...node.many(2)]);
    t.equal(book.trust.agreed?.size, 7n);
  },
);

t.test('what a node says that it lost is a gap at once, and its link is followed', async (t) => {
  const { book, mirror, take } = openBook();
  const node = new FakeNode();
  take(node.many(3));
  take([node.checkpoint()]);
  node.many(3);
  node.checkpoint();
  const { life, link, gap } = node.afterLoss(5n);
  take([link, gap, ...life.many(2)]);
  t.same(book.takeEvents().slice(1), [
    { event: 'gap', firstSeq: 5n, lastSeq: 7n, cause: 'node', have: false },
    { event: 'skipped', firstSeq: 5n, lastSeq: 7n, proven: true },
  ]);
  t.equal(mirror.next, 12n);
  t.equal(book.trust.agreed?.size, 7n);
});

t.test('where records are here that a node says it lost, nothing is left out', async (t) => {
  const { book, mirror, take } = openBook();
  const node = new FakeNode();
  take(node.many(5));
  node.checkpoint();
  const { life, link, gap } = node.afterLoss(3n);
  take([link, gap, ...life.many(1)]);
  t.same(named(book.takeEvents(), 'gap'), [
    { event: 'gap', firstSeq: 3n, lastSeq: 5n, cause: 'node', have: true },
  ]);
  t.equal(mirror.next, 9n);
  t.equal(book.counts.skipped, 0n);
});

t.test('a loss that no proof spans is followed and never cosigned', async (t) => {
  const { book, mirror, take } = openBook();
  const node = new FakeNode();
  take([...node.many(3), node.checkpoint()]);
  book.trust.wasCosigned(book.trust.agreed!);
  node.many(3);
  node.checkpoint();
  node.many(3);
  // Its proof begins at a checkpoint that we never saw.
  const later = [node.checkpoint(), ...node.many(1)];
  take(later, 0);
  book.tick(GAP_MS * 4);
  const events = book.takeEvents();
  t.same(
    named(events, 'skipped').map((e) => 'proven' in e && e.proven),
    [false],
  );
  t.equal(named(events, 'held').length, 1);
  t.equal(mirror.next, node.next, 'its records are kept all the same');
  t.equal(book.trust.agreed, null);
});

t.test('two records of one epoch for one number are an equivocation, said once', async (t) => {
  const { book, mirror, take } = openBook();
  const node = new FakeNode();
  take(node.many(5));
  const other = new FakeNode({ key: node.key, epoch: 1, from: node, size: 3 });
  const twin = other.add({ bootId: 'another' });
  t.same(take([twin, twin]), ['conflict', 'conflict']);
  const events = book.takeEvents();
  t.match(named(events, 'conflict'), [{ rule: 'node.equivocation', summary: /number 4/ }]);
  t.equal(named(events, 'conflict').length, 1);
  t.same(
    Buffer.from(mirror.stored[3]!),
    Buffer.from(node.records[3]!.bytes),
    'the first one stays',
  );
  take([node.checkpoint()]);
  t.equal(book.trust.agreed, null, 'nothing of it is cosigned any more');
});

t.test('two records for a number that waits are an equivocation, too', async (t) => {
  const { book, take } = openBook();
  const node = new FakeNode();
  node.many(1);
  take(node.many(1));
  const other = new FakeNode({ key: node.key, epoch: 1, from: node, size: 1 });
  t.same(take([other.add({ bootId: 'another' })]), ['conflict']);
  t.match(named(book.takeEvents(), 'conflict'), [{ rule: 'node.equivocation' }]);
});

t.test('a later epoch that goes on at a number it had passed is a rollback', async (t) => {
  const { book, take } = openBook();
  const node = new FakeNode();
  take(node.many(5));
  const restored = new FakeNode({ key: node.key, epoch: 2, from: node, size: 3 });
  take(restored.many(2));
  const events = named(book.takeEvents(), 'conflict');
  t.equal(events.length, 1);
  t.match(events, [{ rule: 'node.rollback', summary: /epoch 2 at record 4/ }]);
});

t.test('a restart that goes on where it ended is neither', async (t) => {
  const { book, take } = openBook();
  const node = new FakeNode();
  take([...node.many(5), node.checkpoint()]);
  node.epoch = 2;
  take([...node.many(2), node.checkpoint(), ...node.records.slice(0, 3)]);
  t.same(named(book.takeEvents(), 'conflict'), []);
  t.equal(book.trust.agreed?.size, 8n);
});

t.test('the first key is pinned, and another one is never taken', async (t) => {
  const { book, take } = openBook();
  const node = new FakeNode();
  take([...node.many(3), node.checkpoint()]);
  t.same(book.takeEvents(), [{ event: 'pinned', vkey: node.vkey }]);
  const thief = new FakeNode({ from: node, size: 4 });
  take([...thief.many(1), thief.checkpoint()]);
  const events = book.takeEvents();
  t.match(events, [
    { event: 'conflict', rule: 'node.equivocation', summary: /not the pinned one/ },
  ]);
  t.equal(book.trust.agreed?.size, 3n, 'what was agreed on before stays');
});

t.test('a checkpoint that the pinned key did not sign is said and not believed', async (t) => {
  const node = new FakeNode();
  const { book, take } = openBook({ known: { ...NOTHING, vkey: node.vkey } });
  const other = generateKeyPairSync('ed25519').privateKey;
  take([...node.many(3), node.checkpoint(other)]);
  t.match(book.takeEvents(), [{ event: 'conflict', summary: /did not sign/ }]);
  t.equal(book.trust.agreed, null);
});

t.test('a signed root that is not ours is an equivocation', async (t) => {
  const { book, take } = openBook();
  const node = new FakeNode();
  take(node.many(3));
  const forked = new FakeNode({ key: node.key, epoch: 1, from: node, size: 2 });
  forked.add({ bootId: 'another' });
  take([forked.checkpoint()]);
  t.match(named(book.takeEvents(), 'conflict'), [
    { rule: 'node.equivocation', summary: /another root for size 3/ },
  ]);
  t.equal(book.trust.agreed, null);
});

t.test('only the newest tree is cosigned, and never a smaller one', async (t) => {
  const { book, take } = openBook();
  const node = new FakeNode();
  take([...node.many(3), node.checkpoint(), ...node.many(3), node.checkpoint()]);
  t.equal(book.trust.agreed?.size, 7n);
  t.same(book.trust.agreed?.root, node.signedRoot);
  book.trust.wasCosigned(book.trust.agreed!);
  t.equal(book.trust.agreed, null);
  t.equal(book.takeAsksAgain(), false);
  take([node.records[3]!, node.records[7]!]);
  t.equal(book.trust.agreed, null, 'a checkpoint that comes again brings nothing new');
  t.equal(book.takeAsksAgain(), true, 'but the node may not have our answer');
});

t.test('what was cosigned in a life before is held to', async (t) => {
  const node = new FakeNode();
  const records = [...node.many(3), node.checkpoint()];
  const cosigned = { size: 3n, root: Buffer.alloc(32, 7) };
  const { book, take } = openBook({ known: { ...NOTHING, cosigned } });
  take(records);
  t.match(named(book.takeEvents(), 'conflict'), [{ summary: /another root for size 3/ }]);
});

t.test('checkpoints that make no sense are counted and change nothing', async (t) => {
  const { book, take } = openBook();
  const node = new FakeNode();
  const size = 2n ** 63n;
  const nonsense = [
    {},
    { size: 1n, root: Buffer.alloc(32), note: 'no note', vkey: node.vkey },
    {
      size,
      root: Buffer.alloc(31),
      note: 'x\n\n',
      vkey: '',
      range: Array(65).fill(Buffer.alloc(32)),
    },
  ];
  take(nonsense.map((checkpoint) => node.add({ checkpoint }, 'checkpoint')));
  take([node.add({}, 'checkpoint'), node.add({}, 'heartbeat'), node.add({}, 'gap')]);
  t.equal(book.trust.counts.badCheckpoints, 4);
  t.same(book.takeEvents(), []);
  t.equal(book.trust.agreed, null);
});

t.test('a signed heartbeat counts as one, and another one is counted as bad', async (t) => {
  const { book, take } = openBook();
  const node = new FakeNode();
  take([...node.many(1), node.checkpoint(), node.heartbeat(1n), node.heartbeat(300n)]);
  t.equal(book.trust.counts.badHeartbeats, 0);
  take([node.heartbeat(301n, generateKeyPairSync('ed25519').privateKey)]);
  t.equal(book.trust.counts.badHeartbeats, 1, 'of another key');
  const good = decodeRecord(node.heartbeat(302n).bytes);
  if (!good.ok || !good.record.heartbeat) throw new Error('no heartbeat');
  take([
    node.records.at(-1)!,
    node.add({ heartbeat: { ...good.record.heartbeat, agents: 99 } }, 'heartbeat'),
  ]);
  t.equal(book.trust.counts.badHeartbeats, 2, 'that says another thing than was signed');
});
