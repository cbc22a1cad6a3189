import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  Journal,
  listSegments,
  Mirror,
  readJournal,
  realFiles,
} from '../../../src/journal/index.js';
import type { Files } from '../../../src/journal/index.js';
import { decodeRecord, encodeRecord } from '../../../src/record/index.js';
import { leafHash } from '../../../src/tlog/index.js';
import { fail, filled, flip, read, segmentFiles, treeOf, upTo } from './journal-kit.js';

function recordsOf(dir: string): Uint8Array[] {
  return [...readJournal(dir)].flatMap((entry) => ('seq' in entry ? [entry.bytes] : []));
}

/** A node's journal of two openings, and its records. */
async function node(dir: string, count: number) {
  await filled(dir, count / 2);
  await filled(dir, count / 2);
  return { records: recordsOf(dir), state: treeOf(dir) };
}

t.test('a mirror takes the records of a node with their numbers, and has its tree', async (t) => {
  const dir = t.testdir();
  const { records, state } = await node(join(dir, 'node'), 600);
  const copy = join(dir, 'copy');
  const mirror = Mirror.open(copy);
  t.equal(mirror.next, 1n);
  const [first = new Uint8Array(), second = new Uint8Array(), ...rest] = records;
  t.equal(mirror.append(second), false, 'not before the first');
  t.equal(mirror.append(first), true);
  t.equal(mirror.append(first), false, 'nor twice');
  t.equal(mirror.append(Buffer.from('garbage')), false);
  t.equal(await mirror.commit(), true);
  for (const bytes of [second, ...rest]) mirror.append(bytes);
  t.ok(mirror.tree().root.equals(state.root), 'the tree is that of all that was appended');
  t.equal(read(readJournal(copy)).seqs.length, 1, 'and durable is what was committed');
  await mirror.close();
  t.same(recordsOf(copy), records);
  t.same(
    listSegments(copy).map(({ name }) => name),
    ['1', '301'].map((seq) => `${seq.padStart(20, '0')}.wfj`),
    'the epochs of the node',
  );
  const again = Mirror.open(copy);
  t.equal(again.next, 601n);
  t.ok(again.tree().root.equals(state.root));
  t.ok(again.rootAt(400n)?.equals(treeOf(join(dir, 'node'), 400n).root));
  t.same(again.leafAt(7n), leafHash(records[6] ?? first));
  t.equal(again.leafAt(601n), null);
  t.equal(again.leafAt(0n), null);
});

t.test('between commits a mirror holds no file open', async (t) => {
  const dir = t.testdir();
  const { records } = await node(join(dir, 'node'), 20);
  const open = new Set<number>();
  const count = (fd: number): number => {
    open.add(fd);
    return fd;
  };
  const files: Files = {
    ...realFiles,
    create: (path) => count(realFiles.create(path)),
    openToWrite: (path) => count(realFiles.openToWrite(path)),
    openToRead: (path) => count(realFiles.openToRead(path)),
    close(fd) {
      open.delete(fd);
      realFiles.close(fd);
    },
  };
  const mirror = Mirror.open(join(dir, 'copy'), { files });
  for (const bytes of records) {
    mirror.append(bytes);
    t.equal(await mirror.commit(), true);
    t.equal(open.size, 0);
  }
  await mirror.close();
  t.same(recordsOf(join(dir, 'copy')), records);
});

t.test('a mirror goes on behind a loss, over restarts', async (t) => {
  const dir = t.testdir();
  const { records } = await node(join(dir, 'node'), 600);
  const copy = join(dir, 'copy');
  const mirror = Mirror.open(copy);
  for (const bytes of records.slice(0, 100)) mirror.append(bytes);
  const lost = treeOf(join(dir, 'node'), 290n);
  t.equal(mirror.skip({ ...lost, root: Buffer.alloc(32) }), false, 'no tree');
  t.equal(mirror.skip(treeOf(join(dir, 'node'), 50n)), false, 'not back');
  t.equal(mirror.skip(lost), true);
  t.equal(mirror.next, 291n);
  t.equal(mirror.leafAt(200n), null);
  for (const bytes of records.slice(290, 500)) t.ok(mirror.append(bytes));
  await mirror.close();
  const again = Mirror.open(copy);
  t.match(again.found, { damage: [], lost: null });
  t.equal(again.next, 501n);
  t.ok(again.tree().root.equals(treeOf(join(dir, 'node'), 500n).root));
  for (const bytes of records.slice(500)) t.ok(again.append(bytes));
  await again.close();
  t.ok(again.tree().root.equals(treeOf(join(dir, 'node')).root));
  t.match(read(readJournal(copy)), {
    seqs: [...upTo(100), ...upTo(600, 291)],
    damage: [{ reason: 'missing', firstSeq: 101n, lastSeq: 290n }],
  });
});

t.test('a mirror that skipped and got nothing since goes on there', async (t) => {
  const dir = t.testdir();
  const { records, state } = await node(join(dir, 'node'), 20);
  const copy = join(dir, 'copy');
  const mirror = Mirror.open(copy);
  mirror.skip(treeOf(join(dir, 'node'), 15n));
  await mirror.close();
  const again = Mirror.open(copy);
  t.equal(again.next, 16n);
  for (const bytes of records.slice(15)) t.ok(again.append(bytes));
  await again.close();
  t.ok(Mirror.open(copy).tree().root.equals(state.root));
  fs.writeFileSync(join(copy, 'base'), 'x\n'.repeat(10));
  t.equal(Mirror.open(copy).next, 21n, 'a base that is none is passed over');
});

t.test('a stub has the leaf of the record that it stands for', async (t) => {
  const dir = t.testdir();
  const { records, state } = await node(join(dir, 'node'), 4);
  const decoded = decodeRecord(records[2] ?? new Uint8Array());
  if (!decoded.ok) throw new Error('no record');
  const { kind, seq, epoch, eventId } = decoded.record;
  const whole = leafHash(records[2] ?? new Uint8Array());
  const stub = encodeRecord({ kind, seq, epoch, eventId, stub: { bytes: 700n, leafHash: whole } });
  const mirror = Mirror.open(join(dir, 'copy'));
  records.forEach((bytes, at) => t.ok(mirror.append(at === 2 ? stub : bytes)));
  t.ok(mirror.tree().root.equals(state.root));
  await mirror.close();
  t.ok(Mirror.open(join(dir, 'copy')).tree().root.equals(state.root));
  fs.cpSync(join(dir, 'copy'), join(dir, 'forged'), { recursive: true });
  const { found } = Journal.open(join(dir, 'forged'), { anchor: state });
  t.not(found.lost, null, 'but in the journal of a node it is a forgery');
});

t.test('what the disk does not take waits, and is written once', async (t) => {
  const dir = t.testdir();
  const { records, state } = await node(join(dir, 'node'), 20);
  let full = true;
  const files: Files = {
    ...realFiles,
    write: (fd, bytes, at) =>
      full ? Promise.reject(fail('ENOSPC')) : realFiles.write(fd, bytes, at),
  };
  const mirror = Mirror.open(join(dir, 'copy'), { files });
  for (const bytes of records) t.ok(mirror.append(bytes));
  t.equal(await mirror.commit(), false);
  full = false;
  t.same(await Promise.all([mirror.commit(), mirror.commit()]), [true, true]);
  await mirror.close();
  t.same(recordsOf(join(dir, 'copy')), records);
  t.ok(treeOf(join(dir, 'copy')).root.equals(state.root));
});

t.test('the mirror of a damaged disk asks again from the damage on', async (t) => {
  const dir = t.testdir();
  const { records, state } = await node(join(dir, 'node'), 20);
  const mirror = Mirror.open(join(dir, 'copy'));
  for (const bytes of records) mirror.append(bytes);
  await mirror.close();
  flip(segmentFiles(join(dir, 'copy'))[1] ?? '', 100);
  const again = Mirror.open(join(dir, 'copy'));
  t.equal(again.next, 11n);
  for (const bytes of records.slice(10)) t.ok(again.append(bytes));
  await again.close();
  t.ok(again.tree().root.equals(state.root));
});
