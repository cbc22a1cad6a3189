import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  Journal,
  JournalError,
  listSegments,
  readJournal,
  realFiles,
} from '../../../src/journal/index.js';
import type { Files } from '../../../src/journal/index.js';
import { redact } from '../../../src/redact/index.js';
import { stamp, valueOf } from '../../fixtures/golden/values.js';
import { append, fail, filled, finding, read, storable, upTo } from './journal-kit.js';

t.test('records get their number at once and are durable after a flush', async (t) => {
  const dir = t.testdir();
  const path = join(dir, 'journal');
  const {
    journal,
    found: { recovered, damage },
  } = Journal.open(path);
  t.same([recovered, damage], [null, []]);
  const heard: bigint[] = [];
  const stop = journal.onCommit((committed) => heard.push(committed));
  t.same(append(journal, 100), upTo(100));
  t.equal(journal.committed, 0n, 'nothing waits for the disk');
  t.equal(await journal.flush(), true);
  t.equal(journal.committed, 100n);
  t.equal(heard.at(-1), 100n);
  stop();
  append(journal, 1);
  await journal.close();
  t.equal(heard.at(-1), 100n, 'who stopped listening hears no more');
  t.same(read(readJournal(path)).seqs, upTo(101));
  t.equal(fs.statSync(path).mode & 0o777, 0o700);
  for (const { name } of listSegments(path)) {
    t.equal(fs.statSync(join(path, name)).mode & 0o777, 0o600);
  }
  t.equal(journal.append(storable(1n)), null, 'a closed journal takes nothing');
  t.same(journal.losses(), [{ stage: 'journal', cause: 'closed', count: 1n }]);
});

t.test('a commit comes by itself, at once for 64 records and after a while for one', async (t) => {
  const { journal } = Journal.open(t.testdir());
  for (const count of [1, 64, 3]) {
    const target = journal.stats().nextSeq + BigInt(count) - 1n;
    await new Promise<void>((resolve) => {
      const stop = journal.onCommit((committed) => {
        if (committed < target) return;
        stop();
        resolve();
      });
      append(journal, count);
    });
    t.equal(journal.committed, target);
  }
  await journal.close();
});

t.test('numbers go on over restarts, and each opening is an epoch', async (t) => {
  const dir = t.testdir();
  for (let run = 0; run < 3; run += 1) await filled(dir, 2);
  const { seqs, epochs, damage } = read(readJournal(dir));
  t.same([seqs, epochs, damage], [upTo(6), [1, 1, 2, 2, 3, 3], []]);
  t.same(
    listSegments(dir).map(({ name }) => name),
    ['1', '3', '5'].map((seq) => `${seq.padStart(20, '0')}.wfj`),
  );
});

t.test('a record that no reader would take is lost, and its number goes to the next', async (t) => {
  const dir = t.testdir();
  const { journal } = Journal.open(dir);
  const fields = Object.fromEntries(upTo(600).map((name) => [`${name}`, 'x'.repeat(8192)]));
  const sensor = { event: 'program', detail: '', fields };
  t.equal(journal.append(redact({ ...valueOf('sensor'), sensor }, stamp)), null);
  t.equal(journal.append(finding), 1n);
  t.same(journal.losses(), [{ stage: 'journal', cause: 'too_large', count: 1n }]);
  await journal.close();
});

t.test('what never reached the disk is lost by cause when the journal closes', async (t) => {
  const files: Files = {
    ...realFiles,
    create: () => {
      throw fail('EACCES');
    },
  };
  const { journal } = Journal.open(t.testdir(), { files });
  append(journal, 3);
  await journal.close();
  t.same(journal.losses(), [{ stage: 'journal', cause: 'io_error', count: 3n }]);
});

t.test('a directory that cannot be a journal is refused with a remedy', async (t) => {
  const dir = t.testdir({ file: 'x' });
  const error = t.throws(() => Journal.open(join(dir, 'file')));
  t.type(error, JournalError);
  t.match(error, {
    code: 'JOURNAL_UNUSABLE',
    operation: 'open',
    errno: 'EEXIST',
    remedy: /directory/,
  });
});
