import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { verifyConsistency } from '../../../src/tlog/index.js';
import { Journal, listSegments, readJournal } from '../../../src/journal/index.js';
import { crc32c } from '../../../src/journal/crc32c.js';
import {
  append,
  filled,
  finding,
  flip,
  read,
  segmentFiles,
  small,
  storable,
  treeOf,
  upTo,
} from './journal-kit.js';

const kept = (dir: string): string[] => fs.readdirSync(join(dir, 'quarantine'));

/** Changes the record at an offset of a segment, and makes its checksum that of the new one. */
function forge(file: string, frame: number): void {
  const bytes = fs.readFileSync(file);
  const length = bytes.readUInt32LE(frame);
  bytes[frame + 60] = (bytes[frame + 60] ?? 0) ^ 1;
  bytes.writeUInt32LE(crc32c(bytes.subarray(frame + 8, frame + 8 + length)), frame + 4);
  fs.writeFileSync(file, bytes);
}

t.test('a damaged signed record is set aside with its segment, and the others stay', async (t) => {
  const dir = t.testdir();
  await filled(dir, 5);
  const anchor = treeOf(dir);
  const [file = ''] = segmentFiles(dir);
  flip(file, 100);
  const before = fs.readFileSync(file);
  const { journal, found } = Journal.open(dir, { anchor });
  t.match(found.damage, [{ reason: 'frame', offset: 32, firstSeq: 1n, lastSeq: 1n }]);
  t.match(found.lost, { firstSeq: 1n, lastSeq: 1n, cause: 'damaged' });
  t.equal(found.link, anchor);
  t.same(found.quarantined, kept(dir));
  t.ok(fs.readFileSync(join(dir, 'quarantine', kept(dir)[0] ?? '')).equals(before), 'as it was');
  t.ok(journal.tree().root.equals(anchor.root), 'the tree goes on from what was signed');
  t.equal(journal.append(storable(1n)), 6n);
  await journal.close();
  const { seqs, damage } = read(readJournal(dir));
  t.same(seqs, upTo(6, 2));
  t.match(damage, [{ reason: 'missing', firstSeq: 1n, lastSeq: 1n }]);
  const again = Journal.open(dir, { anchor: { ...journal.tree(), note: 'signed' } });
  t.match(again.found, { damage: [], quarantined: [], lost: null, link: null }, 'told once');
  t.ok(again.journal.tree().root.equals(journal.tree().root));
});

t.test('where nobody knows what a record was, nothing behind it is believed', async (t) => {
  const dir = t.testdir();
  await filled(dir, 5);
  flip(segmentFiles(dir)[0] ?? '', 100);
  const { journal, found } = Journal.open(dir);
  t.match(found, { damage: [], lost: null, recovered: { reason: 'torn' } });
  t.equal(journal.append(storable(1n)), 1n);
  await journal.close();
  t.match(read(readJournal(dir)), { seqs: [1n], damage: [] });
  t.equal(kept(dir).length, 1, 'and nothing is thrown away');
});

t.test('a forged record behind the last tile is found by the signature', async (t) => {
  const dir = t.testdir();
  await filled(dir, 5);
  const anchor = treeOf(dir, 4n);
  forge(segmentFiles(dir)[0] ?? '', 32);
  const { journal, found } = Journal.open(dir, { anchor });
  // Of the four that the signature holds together none can be told from the forged one.
  t.match(found.lost, { firstSeq: 1n, lastSeq: 4n, cause: 'rollback' });
  t.equal(journal.append(storable(1n)), 5n);
  t.ok(journal.rootAt(4n)?.equals(anchor.root));
  await journal.close();
});

t.test('a forged record under a tile is found alone', async (t) => {
  const dir = t.testdir();
  await filled(dir, 300);
  const anchor = treeOf(dir);
  forge(segmentFiles(dir)[0] ?? '', 32);
  const { journal, found } = Journal.open(dir, { anchor });
  t.match(found.damage, [{ reason: 'content', offset: 32, firstSeq: 1n, lastSeq: 1n }]);
  t.match(found.lost, { firstSeq: 1n, lastSeq: 1n, cause: 'damaged' });
  t.ok(journal.tree().root.equals(anchor.root));
  t.equal(journal.stats().nextSeq, 301n);
  await journal.close();
  t.same(read(readJournal(dir)).seqs, upTo(300, 2));
});

t.test('a tile that contradicts signed records is set aside and written again', async (t) => {
  const dir = t.testdir();
  await filled(dir, 600);
  const anchor = treeOf(dir);
  const tile = join(dir, 'tile/0/001');
  const good = fs.readFileSync(tile);
  flip(tile, 40);
  const { journal, found } = Journal.open(dir, { anchor });
  t.match(found.damage, [{ segment: 'tile/0/001', reason: 'tile', firstSeq: 257n, lastSeq: 512n }]);
  t.equal(found.lost, null);
  t.ok(fs.readFileSync(tile).equals(good));
  t.ok(journal.tree().root.equals(anchor.root));
  await journal.close();
});

t.test('tiles that are not there are made again from the records', async (t) => {
  const dir = t.testdir();
  await filled(dir, 600, { segmentBytes: 1 << 16 });
  const { root } = treeOf(dir);
  const tiles = ['tile/0/000', 'tile/0/001'].map((name) => join(dir, name));
  const before = tiles.map((name) => fs.readFileSync(name));
  fs.rmSync(join(dir, 'tile'), { recursive: true });
  const { journal } = Journal.open(dir);
  t.ok(journal.tree().root.equals(root));
  t.same(
    tiles.map((name) => fs.readFileSync(name)),
    before,
  );
  await journal.close();
});

for (const [what, longer, cause] of [
  ['cut off', true, 'truncated'],
  ['an older copy', false, 'rollback'],
] as const) {
  t.test(`a journal that is ${what} goes on behind what was signed`, async (t) => {
    const dir = t.testdir();
    await filled(dir, 5);
    await filled(dir, 5);
    const anchor = treeOf(dir);
    fs.rmSync(segmentFiles(dir)[1] ?? '');
    const checkpoint = `node\n10\n${anchor.root.toString('base64')}\n\n— node ${'A'.repeat(92)}\n`;
    if (longer) fs.writeFileSync(join(dir, 'checkpoint'), checkpoint);
    const { journal, found } = Journal.open(dir, { anchor });
    t.match(found.lost, { firstSeq: 6n, lastSeq: 10n, cause });
    t.equal(found.link, anchor);
    t.equal(journal.append(finding), 11n);
    await journal.close();
    t.match(read(readJournal(dir)).damage, [{ reason: 'missing', firstSeq: 6n, lastSeq: 10n }]);
    t.ok(journal.rootAt(10n)?.equals(anchor.root));
    t.ok(journal.consistencyProof(10n, 11n), 'the signer will take it');
  });
}

t.test(
  'behind a loss every checkpoint extends the one before, over any number of tiles',
  async (t) => {
    const dir = t.testdir();
    await filled(dir, 5);
    const anchor = await filled(dir, 500);
    fs.rmSync(segmentFiles(dir)[1] ?? '');
    const { journal } = Journal.open(dir, { anchor });
    let before = anchor;
    for (let round = 0; round < 12; round += 1) {
      append(journal, 50 + round);
      await journal.flush();
      const tree = journal.tree();
      const proof = journal.consistencyProof(before.size, tree.size) ?? [];
      const grows = verifyConsistency(before.size, before.root, tree.size, tree.root, proof);
      t.ok(grows, `${before.size} to ${tree.size}`);
      before = { ...tree, note: '' };
    }
    await journal.close();
  },
);

t.test('the journal of another node is set aside', async (t) => {
  const dir = t.testdir();
  const own = join(dir, 'own');
  const foreign = join(dir, 'foreign');
  await filled(own, 40, small);
  const anchor = treeOf(own);
  const { journal: their } = Journal.open(foreign, small);
  for (let count = 0; count < 50; count += 1) their.append(finding);
  await their.close();
  const { journal, found } = Journal.open(foreign, { anchor });
  t.match(found.lost, { firstSeq: 1n, lastSeq: 40n, cause: 'rollback' });
  t.equal(journal.append(storable(1n)), 41n);
  await journal.close();
  t.same(read(readJournal(foreign)).seqs, [41n]);
  t.ok(kept(foreign).length > 10);
});

t.test('whatever lies under the name of a segment, the journal opens', async (t) => {
  const dir = t.testdir();
  await filled(dir, 5);
  const anchor = treeOf(dir);
  const name = (seq: bigint): string => join(dir, `${seq}`.padStart(20, '0') + '.wfj');
  fs.symlinkSync('/etc/passwd', name(6n));
  fs.mkdirSync(name(7n));
  fs.writeFileSync(name(8n), Buffer.alloc(5000, 0xff));
  fs.writeFileSync(name(2n ** 64n - 1n), fs.readFileSync(name(1n)));
  fs.writeFileSync(name(2n ** 63n - 1n), fs.readFileSync(name(1n)));
  fs.writeFileSync(name(9n), '');
  const { journal, found } = Journal.open(dir, { anchor });
  t.match(found, { damage: [], lost: null });
  t.equal(found.quarantined.length, 5);
  t.equal(journal.append(storable(1n)), 6n);
  await journal.close();
  t.match(read(readJournal(dir)), { seqs: upTo(6), damage: [] });
  t.notOk(listSegments(dir).some(({ name: file }) => file.startsWith('00000000000000000007')));
});

t.test('an epoch that no header can pass ends the counting, not the journal', async (t) => {
  const dir = t.testdir();
  await filled(dir, 2);
  const [file = ''] = segmentFiles(dir);
  const bytes = fs.readFileSync(file);
  bytes.writeUInt32LE(0xffff_ffff, 12);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 28)), 28);
  fs.writeFileSync(file, bytes);
  const { journal } = Journal.open(dir);
  t.equal(journal.stats().epoch, 0xffff_ffff);
  append(journal, 1);
  await journal.close();
  t.same(read(readJournal(dir)).seqs, upTo(3));
});

t.test('a range that does not fit its root is no anchor', async (t) => {
  const dir = t.testdir();
  await filled(dir, 3);
  const anchor = { ...treeOf(dir), root: Buffer.alloc(32) };
  t.match(Journal.open(dir, { anchor }).found, { lost: null, link: null, damage: [] });
});
