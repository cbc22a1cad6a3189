import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Journal, listSegments, readJournal, realFiles } from '../../../src/journal/index.js';
import type { Files, Sealed } from '../../../src/journal/index.js';
import { waitFor } from '../../helpers/wait.js';
import { append, fail, finding, read, treeOf, upTo } from './journal-kit.js';

t.test('a full disk loses only what did not fit into memory, and says how much', async (t) => {
  const dir = t.testdir();
  let full = false;
  const files: Files = {
    ...realFiles,
    async write(fd, bytes, position) {
      if (!full) return realFiles.write(fd, bytes, position);
      // Half of it still fits, as on a real disk.
      if (bytes.length < 600) throw fail('ENOSPC');
      return realFiles.write(fd, bytes.subarray(0, bytes.length / 2), position);
    },
  };
  const { journal } = Journal.open(dir, { files, backlogBytes: 20_000 });
  append(journal, 10);
  await journal.flush();
  full = true;
  const given = append(journal, 40);
  t.equal(await journal.flush(), false);
  t.equal(journal.stats().stalled, 'ENOSPC');
  const more = append(journal, 40);
  const numbered = [...given, ...more].filter((seq) => seq !== null);
  const lost = 80 - numbered.length;
  t.ok(lost > 0 && numbered.length > 0, `${lost} lost`);
  t.ok(journal.append(finding), 'there is room left for a finding');
  const count = journal.losses().reduce((sum, loss) => sum + loss.count, 0n);
  t.equal(count, BigInt(lost), 'each of them counted');
  t.equal(read(readJournal(dir)).seqs.length, 10, 'nothing half-written is left');
  full = false;
  t.equal(await journal.flush(), true);
  t.equal(journal.stats().stalled, null);
  await journal.close();
  t.same(read(readJournal(dir)), {
    seqs: upTo(10 + numbered.length + 1),
    epochs: upTo(10 + numbered.length + 1).map(() => 1),
    damage: [],
  });
});

t.test('a disk with room for some of the backlog takes some of it', async (t) => {
  const dir = t.testdir();
  let room = 4000;
  const files: Files = {
    ...realFiles,
    async write(fd, bytes, position) {
      if (bytes.length > room) throw fail('ENOSPC');
      room -= bytes.length;
      return realFiles.write(fd, bytes, position);
    },
  };
  const { journal } = Journal.open(dir, { files });
  append(journal, 50);
  t.equal(await journal.flush(), false);
  const { committed } = journal;
  t.ok(committed > 0n && committed < 50n, `${committed} of 50 fitted`);
  t.same(read(readJournal(dir)).seqs, upTo(Number(committed)));
  await journal.close();
  t.same(journal.losses(), [{ stage: 'journal', cause: 'disk_full', count: 50n - committed }]);
});

t.test('while the disk is full the writer tries again by itself', async (t) => {
  let attempts = 0;
  const files: Files = {
    ...realFiles,
    async write(fd, bytes, position) {
      attempts += 1;
      if (attempts < 4) throw fail('ENOSPC');
      return realFiles.write(fd, bytes, position);
    },
  };
  const { journal } = Journal.open(t.testdir(), { files });
  const committed = new Promise<bigint>((resolve) => journal.onCommit(resolve));
  append(journal, 1);
  t.equal(await committed, 1n);
  t.equal(attempts, 4);
  await journal.close();
  t.same(journal.losses(), []);
});

for (const operations of [['syncData'], ['write'], ['truncate', 'syncData']] as const) {
  const title = `after an error of ${operations.join(' and ')} the records go to a new file`;
  t.test(title, async (t) => {
    const dir = t.testdir();
    const failed = new Set<number>();
    let broken = false;
    const guard = (operation: 'syncData' | 'write' | 'truncate', fd: number): void => {
      if (operation === 'syncData')
        t.notOk(failed.has(fd), 'a file that failed is not synced again');
      if (!broken || !(operations as readonly string[]).includes(operation)) return;
      failed.add(fd);
      throw fail('EIO');
    };
    const files: Files = {
      ...realFiles,
      create(path) {
        const fd = realFiles.create(path);
        failed.delete(fd);
        return fd;
      },
      async write(fd, bytes, position) {
        guard('write', fd);
        return realFiles.write(fd, bytes, position);
      },
      async syncData(fd) {
        guard('syncData', fd);
        return realFiles.syncData(fd);
      },
      async truncate(fd, length) {
        guard('truncate', fd);
        return realFiles.truncate(fd, length);
      },
    };
    const { journal } = Journal.open(dir, { files });
    append(journal, 5);
    await journal.flush();
    append(journal, 5);
    broken = true;
    t.equal(await journal.flush(), false);
    t.equal(await journal.flush(), false, 'and again with a file in which nothing is durable');
    t.equal(journal.stats().stalled, 'EIO');
    broken = false;
    t.equal(await journal.flush(), true);
    await journal.close();
    t.same(read(readJournal(dir)).seqs, upTo(10), 'each once');
    t.same(journal.losses(), []);
    const { journal: again } = Journal.open(dir);
    t.equal(again.committed, 10n);
  });
}

const root = process.getuid?.() === 0 && fs.existsSync('/bin/mount');
t.test(
  'on a real disk of 1 MiB: findings find the reserve, activity is counted, and it goes on with room',
  { skip: root ? false : 'needs root to mount a tmpfs' },
  async (t) => {
    const dir = fs.mkdtempSync(join(tmpdir(), 'watchfloor-journal-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'watchfloor-test', dir]);
    t.teardown(() => {
      execFileSync('umount', [dir]);
      fs.rmdirSync(dir);
    });
    const path = join(dir, 'journal');
    const { journal } = Journal.open(path, { segmentBytes: 1 << 16, backlogBytes: 1 << 18 });
    const { reserve } = journal.stats();
    t.ok(reserve > 0 && reserve <= 1 << 17, `${reserve} bytes in reserve`);
    fs.writeFileSync(join(dir, 'ballast'), Buffer.alloc(500_000));
    const given = append(journal, 100);
    while ((await journal.flush()) && !journal.stats().shedding)
      given.push(...append(journal, 100));
    t.match(journal.stats(), { stalled: null, shedding: true, reserve: 0 });
    const shed = [...append(journal, 50), ...append(journal, 50)];
    t.ok(shed.every((seq) => seq === null));
    const findings = Array.from({ length: 20 }, () => journal.append(finding));
    t.equal(await journal.flush(), true, 'findings are durable on a full disk');
    t.equal(journal.committed, findings.at(-1));
    t.same(journal.losses(), [{ stage: 'journal', cause: 'disk_full', count: 100n }]);
    fs.rmSync(join(dir, 'ballast'));
    await waitFor('room', () => !journal.stats().shedding, 5000);
    t.ok(journal.stats().reserve > 0);
    given.push(...append(journal, 10));
    await journal.close();
    t.notOk(given.includes(null));
    const { seqs, damage } = read(readJournal(path));
    t.same([seqs, damage], [upTo(given.length + findings.length), []], 'no hole');
    t.ok(journal.tree().root.equals(treeOf(path).root));
  },
);

t.test('a disk that stays full costs what does not fit into memory, and no more', async (t) => {
  const files: Files = {
    ...realFiles,
    free: () => 0,
    write: () => Promise.reject(fail('ENOSPC')),
  };
  const { journal } = Journal.open(t.testdir(), { files, backlogBytes: 20_000 });
  t.equal(journal.stats().reserve, 0, 'no room, no reserve');
  append(journal, 5);
  t.equal(await journal.flush(), false);
  t.match(journal.stats(), { stalled: 'ENOSPC', shedding: true, backlog: 5 });
  t.same(append(journal, 1), [null]);
  t.equal(journal.append(finding), 6n);
  await journal.close();
  t.same(journal.losses(), [{ stage: 'journal', cause: 'disk_full', count: 7n }]);
});

t.test('a segment whose file failed is said', async (t) => {
  const dir = t.testdir();
  let broken = false;
  const files: Files = {
    ...realFiles,
    syncData: (fd) => (broken ? Promise.reject(fail('EIO')) : realFiles.syncData(fd)),
  };
  const { journal } = Journal.open(dir, { files });
  const heard: Sealed[] = [];
  journal.onSealed((sealed) => heard.push(sealed));
  append(journal, 1);
  await journal.flush();
  broken = true;
  append(journal, 1);
  await journal.flush();
  const [segment] = listSegments(dir);
  t.match(heard, [{ segment: segment?.name, operation: 'sync', code: 'EIO' }]);
  t.equal(journal.stats().sealed, 1);
  broken = false;
  await journal.close();
  t.ok(journal.tree().root.equals(treeOf(dir).root));
});
