import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  Journal,
  JournalCursor,
  JournalError,
  listSegments,
  readJournal,
  realFiles,
} from '../../../src/journal/index.js';
import type { Damage, Files, JournalOptions, Retired } from '../../../src/journal/index.js';
import { decodeRecord } from '../../../src/record/index.js';
import { redact } from '../../../src/redact/index.js';
import type { Storable } from '../../../src/redact/index.js';
import { origin, stamp, valueOf } from '../../fixtures/golden/values.js';

const storable = (seq: bigint): Storable =>
  redact({ ...valueOf('exec'), origin: { ...origin, seq } }, stamp);
const finding = redact(valueOf('finding'), stamp);

function append(journal: Journal, count: number): (bigint | null)[] {
  return Array.from({ length: count }, (_, index) => journal.append(storable(BigInt(index))));
}

interface Read {
  readonly seqs: readonly bigint[];
  readonly epochs: readonly number[];
  readonly damage: readonly Damage[];
}

/** Reads all, and checks that each record says the number it was found under. */
function read(entries: ReturnType<typeof readJournal>): Read {
  const seqs: bigint[] = [];
  const epochs: number[] = [];
  const damage: Damage[] = [];
  for (const entry of entries) {
    if ('damage' in entry) {
      damage.push(entry.damage);
      continue;
    }
    const decoded = decodeRecord(entry.bytes);
    if (!decoded.ok || decoded.record.seq !== entry.seq) throw new Error(`record ${entry.seq}`);
    seqs.push(entry.seq);
    epochs.push(decoded.record.epoch);
  }
  return { seqs, epochs, damage };
}

const upTo = (last: number, first = 1): bigint[] =>
  Array.from({ length: last - first + 1 }, (_, index) => BigInt(first + index));

/** A journal directory with some records in it, written in one go. */
async function filled(dir: string, count: number, options?: JournalOptions): Promise<void> {
  const { journal } = Journal.open(dir, options);
  append(journal, count);
  await journal.close();
}

const fail = (code: string): Error => Object.assign(new Error(code), { code });

/** Segments of 2 KiB: two or three records each. */
const small = { segmentBytes: 2048 };

t.test('records get their number at once and are durable after a flush', async (t) => {
  const dir = t.testdir();
  const path = join(dir, 'journal');
  const { journal, recovered, damage } = Journal.open(path);
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
    const { journal, recovered, damage } = Journal.open(dir);
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
      const kept = fs.readFileSync(join(dir, recovered.kept));
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
  const { journal, recovered } = Journal.open(dir);
  t.match(recovered, { offset: 0, bytes: 6 });
  t.equal(journal.append(storable(1n)), 11n);
  await journal.close();
  t.match(read(readJournal(dir)), { seqs: upTo(11), damage: [] });
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

t.test('damage inside the last segment is reported, kept, and written behind', async (t) => {
  const dir = t.testdir();
  await filled(dir, 5);
  const file = join(dir, listSegments(dir)[0]?.name ?? '');
  const bytes = fs.readFileSync(file);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
  const { journal, recovered, damage } = Journal.open(dir);
  t.equal(recovered, null);
  t.match(damage, [{ reason: 'frame', offset: 32, firstSeq: 1n, lastSeq: 1n }]);
  t.equal(journal.append(storable(1n)), 6n);
  await journal.close();
  t.ok(fs.readFileSync(file).equals(bytes), 'the file is as it was');
  t.same(read(readJournal(dir)).seqs, upTo(6, 2));
});

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
  const { recovered, journal } = Journal.open(dir);
  t.equal(recovered?.bytes, bait.length);
  t.equal(journal.committed, 2n);
});

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

t.test('power loss at any write leaves a prefix, and nothing committed is gone', async (t) => {
  const root = t.testdir();
  let seed = 42;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let history = 0; history < 200; history += 1) {
    const dir = join(root, `${history}`);
    const { files, lose } = unsynced(random);
    const { journal } = Journal.open(dir, { files, segmentBytes: 4096 });
    for (let group = 0; group < 1 + random(8); group += 1) {
      append(journal, 1 + random(6));
      if (random(3) > 0) await journal.flush();
    }
    const { committed, nextSeq } = journal.stats();
    lose();
    const { journal: next, damage } = Journal.open(dir);
    const { seqs } = read(readJournal(dir));
    if (damage.length === 0) t.same(seqs, upTo(seqs.length));
    t.ok(
      next.committed >= committed && next.committed < nextSeq,
      `${next.committed} of ${committed}`,
    );
    t.ok(seqs.length >= Number(committed), 'all that was committed is there');
    await journal.close();
  }
});

/** A disk that keeps what was synced, and of the rest whatever it likes. */
function unsynced(random: (below: number) => number): { files: Files; lose: () => void } {
  const synced = new Map<string, Buffer>();
  const paths = new Map<number, string>();
  let off = false;
  const guard = (): void => {
    if (off) throw fail('EIO');
  };
  const files: Files = {
    ...realFiles,
    create(path) {
      guard();
      const fd = realFiles.create(path);
      paths.set(fd, path);
      synced.set(path, Buffer.alloc(0));
      return fd;
    },
    async write(fd, bytes, position) {
      guard();
      return realFiles.write(fd, bytes, position);
    },
    async syncData(fd) {
      guard();
      await realFiles.syncData(fd);
      const path = paths.get(fd) ?? '';
      synced.set(path, fs.readFileSync(path));
    },
    async truncate(fd, length) {
      guard();
      return realFiles.truncate(fd, length);
    },
  };
  const lose = (): void => {
    off = true;
    for (const [path, kept] of synced) {
      const now = fs.readFileSync(path);
      const after = Buffer.from(
        now.subarray(0, kept.length + random(now.length - kept.length + 1)),
      );
      // Of what was not synced some pages came, others did not.
      for (let at = kept.length; at < after.length; at += 512) {
        if (random(3) === 0) after.fill(0, at, Math.min(at + 512, after.length));
      }
      fs.writeFileSync(path, after);
    }
  };
  return { files, lose };
}

t.test(
  'retention takes whole old segments with what was set aside of them, and says so',
  async (t) => {
    const dir = t.testdir();
    await filled(dir, 4, small);
    const oldest = listSegments(dir)[0]?.name ?? '';
    fs.writeFileSync(join(dir, `${oldest}.99.torn`), 'x');
    const retired: Retired[] = [];
    const options = { ...small, maxBytes: 8192, onRetired: (one: Retired) => retired.push(one) };
    await filled(dir, 60, options);
    const left = listSegments(dir);
    t.ok(left.reduce((sum, { bytes }) => sum + bytes, 0) <= 8192);
    t.equal(retired[0]?.firstSeq, 1n);
    retired.slice(1).forEach((one, index) => {
      t.equal(one.firstSeq, (retired[index]?.lastSeq ?? 0n) + 1n);
    });
    t.equal(retired.at(-1)?.lastSeq, (left[0]?.firstSeq ?? 0n) - 1n);
    t.notOk(fs.existsSync(join(dir, `${oldest}.99.torn`)));
    const first = Number(left[0]?.firstSeq);
    t.same(read(readJournal(dir)), {
      seqs: upTo(64, first),
      epochs: upTo(64, first).map(() => 2),
      damage: [],
    });
    const late = read(readJournal(dir, { after: 2n }));
    t.match(late.damage, [{ reason: 'missing', firstSeq: 3n, lastSeq: BigInt(first - 1) }]);
  },
);

t.test('retention by age goes by the last write, and never takes the segment in use', async (t) => {
  const dir = t.testdir();
  await filled(dir, 6, small);
  const day = 86_400_000;
  const retired: Retired[] = [];
  const { journal } = Journal.open(dir, {
    maxAgeMs: day,
    now: () => Date.now() + 2 * day,
    onRetired: (one) => retired.push(one),
  });
  append(journal, 1);
  await journal.flush();
  t.match(retired, [{ firstSeq: 1n, lastSeq: 6n }]);
  t.same(read(readJournal(dir)).seqs, [7n]);
  await journal.close();
});

t.test('an old segment that will not go is said, and tried again', async (t) => {
  const dir = t.testdir();
  await filled(dir, 6, small);
  let stuck = true;
  const files: Files = {
    ...realFiles,
    remove(path) {
      if (stuck) throw fail('EPERM');
      realFiles.remove(path);
    },
  };
  const { journal } = Journal.open(dir, { files, maxBytes: 1 });
  append(journal, 1);
  await journal.flush();
  t.equal(journal.stats().unretired, 'EPERM');
  stuck = false;
  append(journal, 1);
  await journal.flush();
  t.equal(journal.stats().unretired, null);
  t.equal(journal.stats().segments, 1);
  await journal.close();
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

const root = process.getuid?.() === 0 && fs.existsSync('/bin/mount');
t.test(
  'on a real disk of 1 MiB: full, counted, and on again when there is room',
  { skip: root ? false : 'needs root to mount a tmpfs' },
  async (t) => {
    const dir = fs.mkdtempSync(join(tmpdir(), 'watchfloor-journal-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'watchfloor-test', dir]);
    t.teardown(() => {
      execFileSync('umount', [dir]);
      fs.rmdirSync(dir);
    });
    const options = { segmentBytes: 1 << 16, backlogBytes: 1 << 18 };
    const { journal } = Journal.open(join(dir, 'journal'), options);
    fs.writeFileSync(join(dir, 'ballast'), Buffer.alloc(600_000));
    const given = append(journal, 200);
    while (await journal.flush()) given.push(...append(journal, 200));
    given.push(...append(journal, 2000));
    t.equal(journal.stats().stalled, 'ENOSPC');
    const numbered = given.filter((seq) => seq !== null);
    t.same(numbered, upTo(numbered.length), 'no hole');
    const lost = journal.losses().reduce((sum, { count }) => sum + count, 0n);
    t.equal(lost, BigInt(given.length - numbered.length));
    t.ok(lost > 0n, `${lost} lost`);
    fs.rmSync(join(dir, 'ballast'));
    t.equal(await journal.flush(), true);
    append(journal, 1);
    await journal.close();
    const { seqs, damage } = read(readJournal(join(dir, 'journal')));
    t.same([seqs, damage], [upTo(numbered.length + 1), []]);
  },
);
