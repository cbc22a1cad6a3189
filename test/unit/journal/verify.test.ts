import {
  cpSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { listSegments, Mirror, readJournal } from '../../../src/journal/index.js';
import type { Report } from '../../../src/journal/index.js';
import { decodeRecord, encodeRecord } from '../../../src/record/index.js';
import { leafHash } from '../../../src/tlog/index.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { SignedNode, verifyState } from '../../helpers/signed-node.js';

const SMALL = { segmentBytes: 16_384 };

/** Three lives: one that was killed, and two that ended well. */
async function goodNode(t: Test, options = {}): Promise<SignedNode> {
  const node = new SignedNode(scratchDirectory(t), { ...SMALL, ...options });
  await node.epoch(async (epoch) => {
    await epoch.records(100);
    await epoch.checkpoint();
    await epoch.records(7);
  });
  for (let life = 0; life < 2; life += 1) {
    await node.epoch(async (epoch) => {
      await epoch.records(200);
      await epoch.cosigned();
      await epoch.records(100);
      await epoch.checkpoint();
      await epoch.records(20);
      await epoch.stop();
    });
  }
  return node;
}

const reasonsOf = (report: Report): string[] => [
  ...new Set(report.damage.map(({ reason }) => reason)),
];

t.test('a journal of several lives is intact, signed and cosigned', async (t) => {
  const node = await goodNode(t);
  const report = node.verify();
  t.same(report.damage, []);
  t.match(report, { verdict: 'intact', epochs: 3, tornBytes: 0, unsealed: 0n, unproved: 0 });
  t.match(report, { first: 1n, last: 756n, records: 756, checkpoints: 7, signedSize: 756n });
  t.equal(report.cosignedSize, 632n);
});

t.test('what retention let go is no damage', async (t) => {
  const node = await goodNode(t);
  const again = new SignedNode(scratchDirectory(t), { ...SMALL, maxBytes: 300_000 });
  await again.epoch(async (epoch) => {
    for (let round = 0; round < 12; round += 1) {
      await epoch.records(60);
      await epoch.checkpoint();
      await epoch.retire();
    }
    await epoch.stop();
  });
  const report = again.verify();
  t.same(report.damage, []);
  t.equal(report.verdict, 'intact');
  t.ok((report.first ?? 0n) > 1n);
  const [oldest] = listSegments(again.journalDir);
  rmSync(join(again.journalDir, oldest?.name ?? ''));
  t.match(again.verify(), { verdict: 'incomplete' });
  t.equal(node.verify().verdict, 'intact');
});

t.test('the torn end of a daemon that was killed is named, and no damage', async (t) => {
  const node = new SignedNode(scratchDirectory(t), SMALL);
  await node.epoch(async (epoch) => {
    await epoch.records(50);
    await epoch.checkpoint();
    await epoch.records(5);
  });
  const last = listSegments(node.journalDir).at(-1);
  truncateSync(join(node.journalDir, last?.name ?? ''), (last?.bytes ?? 0) - 9);
  const report = node.verify();
  t.match(report, { verdict: 'intact', records: 55, unsealed: 5n, damage: [] });
  t.ok(report.tornBytes > 0);
});

t.test('a journal that nobody signs is checked as far as that goes', async (t) => {
  const node = new SignedNode(scratchDirectory(t), SMALL);
  await node.epoch((epoch) => epoch.records(50));
  t.match(node.verify(), { verdict: 'intact', records: 50, signedSize: 0n, unsealed: 50n });
  t.equal(verifyState('/nonexistent').verdict, 'unreadable');
});

t.test('records lost with the disk, and told, are incomplete and no damage', async (t) => {
  const node = await goodNode(t);
  const last = listSegments(node.journalDir).at(-1);
  truncateSync(join(node.journalDir, last?.name ?? ''), (last?.bytes ?? 0) >> 1);
  t.match(node.verify(), { verdict: 'tampered' }, 'before recovery, signed records are gone');
  const found = await node.epoch(async (epoch, { lost }) => {
    await epoch.gap(lost?.firstSeq ?? 0n, lost?.lastSeq ?? 0n);
    await epoch.checkpoint();
    await epoch.records(3);
    await epoch.stop();
  });
  t.ok(found.lost);
  const report = node.verify();
  t.same(report.damage, []);
  t.match(report, { verdict: 'incomplete', gaps: [{ lastSeq: 756n }] });
});

/** Copies a good state directory, changes it, and verifies the copy. */
async function changed(t: Test, change: (journal: string, state: string) => void): Promise<Report> {
  const node = await goodNode(t);
  change(node.journalDir, node.stateDir);
  return node.verify();
}

const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
};

t.test('a turned bit is found where it lies', async (t) => {
  let turned = 0;
  const report = await changed(t, (journal) => {
    const file = join(journal, listSegments(journal)[4]?.name ?? '');
    turned = Math.floor(statSync(file).size / 2);
    flip(file, turned);
  });
  t.equal(report.verdict, 'tampered');
  const [frame] = report.damage;
  t.ok(frame && frame.offset <= turned && frame.offset + frame.bytes > turned);
});

t.test('a changed tile is found where it lies, and the records are not blamed', async (t) => {
  const report = await changed(t, (journal) => {
    flip(join(journal, 'tile', '0', '001'), 10 * 32 + 5);
  });
  t.equal(report.verdict, 'tampered');
  t.match(report.damage, [{ segment: 'tile/0/001', offset: 320, firstSeq: 267n, lastSeq: 267n }]);
});

t.test('a foreign segment is found, and no other record is blamed', async (t) => {
  const other = await goodNode(t);
  const report = await changed(t, (journal) => {
    const name = listSegments(journal)[4]?.name ?? '';
    cpSync(join(other.journalDir, name), join(journal, name));
  });
  t.equal(report.verdict, 'tampered');
  t.ok(reasonsOf(report).includes('content'));
  t.equal(new Set(report.damage.map(({ segment }) => segment)).size, 1);
});

t.test('a journal that was set back is found by what the signer knows', async (t) => {
  const node = new SignedNode(scratchDirectory(t), SMALL);
  const old = scratchDirectory(t);
  await node.epoch(async (epoch) => {
    await epoch.records(100);
    await epoch.stop();
  });
  cpSync(node.journalDir, join(old, 'journal'), { recursive: true });
  await node.epoch(async (epoch) => {
    await epoch.records(100);
    await epoch.stop();
  });
  rmSync(node.journalDir, { recursive: true });
  renameSync(join(old, 'journal'), node.journalDir);
  const report = node.verify();
  t.match(report, { verdict: 'incomplete', damage: [{ segment: 'signer/state', lastSeq: 204n }] });
});

t.test('a swap, a copy, a removed segment and a foreign key are found', async (t) => {
  const swap = await changed(t, (journal) => {
    const [a = '', b = ''] = listSegments(journal).map(({ name }) => join(journal, name));
    renameSync(a, `${a}.x`);
    renameSync(b, a);
    renameSync(`${a}.x`, b);
  });
  t.equal(swap.verdict, 'tampered');
  const removed = await changed(t, (journal) => {
    rmSync(join(journal, listSegments(journal)[3]?.name ?? ''));
  });
  t.match(removed, { verdict: 'incomplete' });
  t.same(reasonsOf(removed), ['missing']);
  const node = await goodNode(t);
  writeFileSync(join(node.stateDir, 'signer', 'vkey'), new SignedNode(scratchDirectory(t)).vkey);
  t.match(reasonsOf(node.verify()), ['signature']);
  rmSync(join(node.stateDir, 'signer', 'vkey'));
  t.match(node.verify(), { verdict: 'incomplete', damage: [{ segment: 'signer/vkey' }] });
});

t.test('bytes behind a clean stop are damage', async (t) => {
  const report = await changed(t, (journal) => {
    const file = join(journal, listSegments(journal).at(-1)?.name ?? '');
    writeFileSync(file, 'more', { flag: 'a' });
  });
  t.match(report, { verdict: 'tampered', damage: [{ reason: 'frame', bytes: 4 }] });
});

t.test(
  "a gateway's mirror with a stub in it is incomplete, and nothing is wrong with it",
  async (t) => {
    const node = await goodNode(t);
    const stateDir = scratchDirectory(t);
    cpSync(join(node.stateDir, 'signer', 'vkey'), join(stateDir, 'signer', 'vkey'));
    const mirror = Mirror.open(join(stateDir, 'journal'));
    for (const entry of readJournal(node.journalDir)) {
      if ('damage' in entry) throw new Error('damage');
      t.ok(mirror.append(entry.seq === 300n ? stubOf(entry.bytes) : entry.bytes));
    }
    mirror.saveCheckpoint(node.state.note);
    await mirror.close();
    const report = verifyState(stateDir);
    t.match(report, {
      verdict: 'incomplete',
      records: 756,
      stubs: 1,
      signedSize: 756n,
      unproved: 0,
    });
    t.same(reasonsOf(report), ['stub']);
  },
);

/** As src/publish makes it of a record that is too large for the broker. */
function stubOf(bytes: Uint8Array): Uint8Array {
  const decoded = decodeRecord(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  const { eventId, epoch, seq, kind } = decoded.record;
  const stub = { bytes: BigInt(bytes.length), leafHash: leafHash(bytes) };
  return encodeRecord({ eventId, epoch, seq, kind, stub });
}

t.test('a journal that is read while it is written is intact at every moment', async (t) => {
  const node = new SignedNode(scratchDirectory(t), SMALL);
  await node.epoch(async (epoch) => {
    for (let round = 0; round < 8; round += 1) {
      await epoch.records(70);
      t.match(node.verify(), { verdict: 'intact', damage: [] });
      await epoch.checkpoint();
      t.match(node.verify(), { verdict: 'intact', damage: [] });
    }
  });
});
