import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Journal, listSegments, readJournal } from '../../../src/journal/index.js';
import { append, filled, read, storable, upTo } from './journal-kit.js';

t.test('wherever the last write tore, the tail is set aside and numbers go on', async (t) => {
  const source = t.testdir();
  await filled(source, 4);
  const name = listSegments(source)[0]?.name ?? '';
  const whole = fs.readFileSync(join(source, name));
  const dir = join(source, 'torn');
  const edges = [0, 1, 8, 31, 32, 33, 39, 40, 41, whole.length - 1];
  const steps = Array.from({ length: 40 }, (_, step) => Math.floor((step * whole.length) / 40));
  for (const length of [...edges, ...steps]) {
    fs.rmSync(dir, { recursive: true, force: true });
    fs.mkdirSync(dir);
    fs.writeFileSync(join(dir, name), whole.subarray(0, length));
    const {
      journal,
      found: { recovered, damage },
    } = Journal.open(dir);
    t.same(damage, []);
    const survived = Number(journal.committed);
    append(journal, 1);
    await journal.close();
    t.same(read(readJournal(dir)), {
      seqs: upTo(survived + 1),
      epochs: [...upTo(survived).map(() => 1), survived === 0 ? 1 : 2],
      damage: [],
    });
    if (recovered !== null) {
      const kept = fs.readFileSync(join(dir, 'quarantine', recovered.kept));
      t.ok(kept.equals(whole.subarray(recovered.offset, length)), 'no byte is thrown away');
      t.equal(recovered.bytes, kept.length);
    }
  }
});

t.test('a torn segment gives way to what the one before it already holds', async (t) => {
  const dir = t.testdir();
  await filled(dir, 10);
  // A failed sync, a failed truncation, and then the power went while the records were written again.
  fs.writeFileSync(join(dir, '00000000000000000006.wfj'), 'WFJRNL');
  const {
    journal,
    found: { recovered },
  } = Journal.open(dir);
  t.match(recovered, { offset: 0, bytes: 6 });
  t.equal(journal.append(storable(1n)), 11n);
  await journal.close();
  t.match(read(readJournal(dir)), { seqs: upTo(11), damage: [] });
});

t.test('bytes that only look like frames end the search some time', async (t) => {
  const dir = t.testdir();
  await filled(dir, 2);
  const file = join(dir, listSegments(dir)[0]?.name ?? '');
  const bait = Buffer.alloc(1 << 20);
  for (let at = 0; at + 10 <= bait.length; at += 10) {
    bait.writeUInt32LE(bait.length - at - 8, at);
    bait.set([0x0a, 36], at + 8);
  }
  fs.appendFileSync(file, bait);
  const {
    journal,
    found: { recovered },
  } = Journal.open(dir);
  t.equal(recovered?.bytes, bait.length);
  t.equal(journal.committed, 2n);
});
