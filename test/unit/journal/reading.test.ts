import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Journal, JournalCursor, listSegments, readJournal } from '../../../src/journal/index.js';
import { append, filled, read, small, upTo } from './journal-kit.js';

t.test('segments are rotated, and any place in them can be read from', async (t) => {
  const dir = t.testdir();
  await filled(dir, 50, small);
  const segments = listSegments(dir);
  t.ok(segments.length > 10, `${segments.length} segments`);
  t.ok(segments.every(({ bytes }) => bytes <= small.segmentBytes));
  t.same(read(readJournal(dir)), { seqs: upTo(50), epochs: upTo(50).map(() => 1), damage: [] });
  for (let after = 0; after <= 51; after += 1) {
    t.same(read(readJournal(dir, { after: BigInt(after) })).seqs, upTo(50, after + 1));
  }
  t.same(read(readJournal(dir, { after: 10n, until: 20n })).seqs, upTo(20, 11));
  t.same(read(readJournal(join(dir, 'none'))).seqs, [], 'no directory is an empty journal');
});

t.test(
  'a cursor follows the writer over rotation and restart, without hole or repeat',
  async (t) => {
    const dir = t.testdir();
    const cursor = new JournalCursor(dir);
    const seen: bigint[] = [];
    const follow = (): void => {
      const { seqs, damage } = read(cursor.read());
      t.same(damage, []);
      seen.push(...seqs);
    };
    follow();
    for (let run = 0; run < 3; run += 1) {
      const { journal } = Journal.open(dir, small);
      for (let group = 0; group < 10; group += 1) {
        append(journal, 1 + (group % 4));
        await journal.flush();
        follow();
        follow();
      }
      await journal.close();
    }
    t.same(seen, upTo(seen.length));
    t.equal(cursor.position, BigInt(seen.length));
    t.ok(seen.length > 60);
  },
);

t.test('a reader that stops in the middle goes on there', async (t) => {
  const dir = t.testdir();
  await filled(dir, 20, small);
  const cursor = new JournalCursor(dir);
  const seen: bigint[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    for (const entry of cursor.read()) {
      if ('seq' in entry) seen.push(entry.seq);
      break;
    }
  }
  t.same(seen, upTo(20));
  const stepped = new JournalCursor(dir);
  t.same(
    upTo(20).flatMap((until) => read(stepped.read(until)).seqs),
    upTo(20),
  );
});

t.test(
  'a flipped bit anywhere is found and located, and costs at most its own record',
  async (t) => {
    const source = t.testdir();
    await filled(source, 3);
    await filled(source, 3);
    const [first] = listSegments(source);
    const file = join(source, first?.name ?? '');
    const whole = fs.readFileSync(file);
    for (let at = 0; at < whole.length; at += 5) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      fs.writeFileSync(file, flipped);
      const { seqs, damage } = read(readJournal(source));
      t.equal(damage.length, 1, `byte ${at}`);
      const [hit] = damage;
      if (hit === undefined) continue;
      t.ok(hit.offset <= at && at < hit.offset + hit.bytes, `byte ${at} lies in ${hit.offset}`);
      t.ok(seqs.length >= 5, `${seqs.length} left`);
      const missing = upTo(6).filter((seq) => !seqs.includes(seq));
      t.same(hit.firstSeq === undefined ? [] : [hit.firstSeq], missing);
    }
  },
);

t.test('swapped, doubled, foreign and missing segments and frames are found', async (t) => {
  const dir = t.testdir();
  await filled(dir, 30, small);
  const names = listSegments(dir).map(({ name }) => join(dir, name));
  const [a = '', b = '', c = '', d = ''] = names;
  const before = names.map((name) => fs.readFileSync(name));
  const segments = listSegments(dir);
  const lost = [1, 3].flatMap((index) => {
    const end = Number(segments[index + 1]?.firstSeq) - 1;
    return upTo(end, Number(segments[index]?.firstSeq));
  });
  const restore = (): void => {
    names.forEach((name, index) => {
      fs.writeFileSync(name, before[index] ?? '');
    });
  };
  const clean = read(readJournal(dir));
  t.same([clean.seqs, clean.damage], [upTo(30), []]);

  fs.copyFileSync(a, b);
  const doubled = read(readJournal(dir));
  t.ok(
    doubled.damage.some(({ reason }) => reason === 'sequence'),
    'doubled',
  );
  t.ok(
    doubled.damage.some(({ firstSeq }) => firstSeq !== undefined),
    'and what it replaced is missing',
  );
  restore();

  fs.copyFileSync(d, b);
  fs.writeFileSync(d, before[1] ?? '');
  const swapped = read(readJournal(dir));
  const others = clean.seqs.filter((seq) => !lost.includes(seq));
  t.same(swapped.seqs, others, 'swapped: the segments around them are read');
  t.ok(swapped.damage.some(({ reason }) => reason === 'sequence'));
  restore();

  fs.rmSync(c);
  t.match(read(readJournal(dir)).damage, [{ reason: 'missing', bytes: 0 }], 'missing');
  restore();

  const frames = fs.readFileSync(d);
  fs.writeFileSync(d, Buffer.concat([frames, frames.subarray(32)]));
  t.match(read(readJournal(dir)), { seqs: upTo(30), damage: [{ reason: 'sequence' }] }, 'twice');
  restore();

  fs.writeFileSync(b, Buffer.alloc(5000, 0xff));
  t.match(read(readJournal(dir)).damage, [{ offset: 0, bytes: 5000, reason: 'frame' }], 'foreign');
  restore();

  fs.writeFileSync(join(dir, 'README'), 'not a segment');
  t.same(read(readJournal(dir)), clean);
});
