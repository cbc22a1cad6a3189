import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Journal, listSegments, readJournal, realFiles } from '../../../src/journal/index.js';
import type { Files } from '../../../src/journal/index.js';
import { append, fail, filled, flip, read, segmentFiles, treeOf, upTo } from './journal-kit.js';

/** Segments of about 40 records. */
const middle = { segmentBytes: 1 << 15 };

t.test('what retention plans is the oldest, and nothing goes before it is told to', async (t) => {
  const dir = t.testdir();
  await filled(dir, 1000, middle);
  const all = treeOf(dir);
  const { journal } = Journal.open(dir, { ...middle, maxBytes: 200_000 });
  const before = listSegments(dir);
  const plan = journal.planRetirement(null);
  t.equal(plan?.firstSeq, 1n);
  t.same(listSegments(dir), before);
  if (plan === null) return;
  const gone = before.slice(0, plan.segments);
  t.equal(
    plan.bytes,
    gone.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  t.equal(journal.retire(plan), true);
  t.same(listSegments(dir), before.slice(plan.segments));
  t.equal(listSegments(dir)[0]?.firstSeq, plan.lastSeq + 1n);
  t.ok(journal.rootAt(1000n)?.equals(all.root));
  t.ok(journal.consistencyProof(100n, 1000n), 'proofs hold over what went');
  await journal.close();
  const first = Number(plan.lastSeq) + 1;
  t.match(read(readJournal(dir)), { seqs: upTo(1000, first), damage: [] });
  const late = read(readJournal(dir, { after: 2n }));
  t.match(late.damage, [{ reason: 'missing', firstSeq: 3n, lastSeq: plan.lastSeq }]);
  const again = Journal.open(dir);
  t.match(again.found, { damage: [], lost: null });
  t.ok(again.journal.tree().root.equals(all.root), 'nor does an opening need them');
});

t.test('what is not cosigned stays, and what no full tile covers', async (t) => {
  const dir = t.testdir();
  await filled(dir, 1000, middle);
  const { journal } = Journal.open(dir, { ...middle, maxBytes: 1 });
  t.equal(journal.planRetirement(0n), null);
  const plan = journal.planRetirement(100n);
  t.ok(plan !== null && plan.lastSeq <= 100n && plan.lastSeq > 40n);
  for (let next = journal.planRetirement(null); next; next = journal.planRetirement(null)) {
    t.ok(journal.retire(next));
  }
  const [oldest] = listSegments(dir);
  t.ok((oldest?.firstSeq ?? 0n) <= 769n, 'the last full tile ends at 768');
  t.ok((oldest?.firstSeq ?? 0n) > 700n);
  await journal.close();
});

t.test('retention by age goes by the last write, and never takes the segment in use', async (t) => {
  const dir = t.testdir();
  await filled(dir, 300, middle);
  const day = 86_400_000;
  const now = (): number => Date.now() + 2 * day;
  const { journal } = Journal.open(dir, { maxAgeMs: day, now });
  append(journal, 256);
  await journal.flush();
  for (let plan = journal.planRetirement(null); plan; plan = journal.planRetirement(null)) {
    t.ok(journal.retire(plan));
  }
  t.same(read(readJournal(dir)).seqs, upTo(556, 301));
  await journal.close();
});

t.test('a tile that is missing is made before its records go', async (t) => {
  const dir = t.testdir();
  await filled(dir, 1000, middle);
  const tile = join(dir, 'tile/0/001');
  const before = fs.readFileSync(tile);
  fs.rmSync(tile);
  const { journal } = Journal.open(dir, { ...middle, maxBytes: 1 });
  for (let plan = journal.planRetirement(400n); plan; plan = journal.planRetirement(400n)) {
    t.ok(journal.retire(plan));
  }
  t.ok(fs.readFileSync(tile).equals(before));
  await journal.close();
});

t.test('an old segment that will not go is said, and tried again', async (t) => {
  const dir = t.testdir();
  await filled(dir, 600, middle);
  let stuck = true;
  const files: Files = {
    ...realFiles,
    remove(path) {
      if (stuck) throw fail('EPERM');
      realFiles.remove(path);
    },
  };
  const { journal } = Journal.open(dir, { ...middle, files, maxBytes: 1 });
  const plan = journal.planRetirement(null);
  if (plan === null) throw new Error('nothing to retire');
  t.equal(journal.retire(plan), false);
  t.equal(journal.stats().unretired, 'EPERM');
  stuck = false;
  t.equal(journal.retire(plan), true);
  t.equal(journal.stats().unretired, null);
  await journal.close();
});

t.test(
  'the scrub finds what changed in old segments, tells it once, and comes around',
  async (t) => {
    const dir = t.testdir();
    await filled(dir, 1000, middle);
    const [first = '', second = ''] = segmentFiles(dir);
    const { journal } = Journal.open(dir, middle);
    append(journal, 1);
    await journal.flush();
    const round = (): unknown[] =>
      Array.from({ length: 30 }, () => journal.scrub(1 << 15)).flatMap((found) => [...found]);
    t.same(round(), []);
    flip(first, 200);
    const tile = join(dir, 'tile/0/000');
    flip(tile, 80 * 32);
    t.match(round(), [
      { segment: first.split('/').at(-1), reason: 'frame', firstSeq: 1n, lastSeq: 1n },
      { segment: second.split('/').at(-1), reason: 'content', firstSeq: 81n, lastSeq: 81n },
    ]);
    t.same(round(), []);
    const before = fs.readFileSync(join(dir, 'tile/0/002'));
    fs.rmSync(join(dir, 'tile/0/002'));
    const again = Journal.open(dir, middle);
    t.ok(again.journal.scrub(1 << 30).length > 0);
    t.ok(fs.readFileSync(join(dir, 'tile/0/002')).equals(before), 'a missing tile is written');
    await journal.close();
  },
);

t.test('the newest checkpoints are in their files, whole', async (t) => {
  const dir = t.testdir();
  const { journal } = Journal.open(dir);
  for (let size = 1; size < 100; size += 1) journal.saveCheckpoint(`note ${size}`);
  const root = Buffer.alloc(32).toString('base64');
  const note = (size: bigint): string => `node\n${size}\n${root}\n\n— node ${'A'.repeat(92)}\n`;
  journal.saveCosigned(note(7n), 7n);
  journal.saveCosigned(note(3n), 3n);
  t.equal(journal.cosigned, 7n);
  await journal.close();
  t.equal(fs.readFileSync(join(dir, 'checkpoint'), 'utf8'), 'note 99');
  t.equal(Journal.open(dir).journal.cosigned, 7n);
  for (const hostile of ['', 'x'.repeat(100_000), 'node\n-7\nroot\n']) {
    fs.writeFileSync(join(dir, 'cosigned'), hostile);
    t.equal(Journal.open(dir).journal.cosigned, 0n);
  }
});
