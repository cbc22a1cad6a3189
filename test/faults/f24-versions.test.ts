import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Journal, readJournal } from '../../src/journal/index.js';
import { decodeRecord, encodeRecord } from '../../src/record/index.js';
import { runCommand } from '../helpers/children.js';
import { makePlace, readAll } from '../helpers/daemon.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { storable } from '../unit/journal/journal-kit.js';

/** Written by version 0.1.0, before there were signatures, in two openings. */
const V1 = 'test/fixtures/journals/v1';
const RECORDS = 57;

const bytesOf = (directory: string): Buffer[] =>
  [...readJournal(directory)].map((entry) => {
    if ('damage' in entry) throw new Error(entry.damage.reason);
    return Buffer.from(entry.bytes);
  });

t.test('a journal of the version before is read, verified and gone on with', async (t) => {
  const place = makePlace(t, {});
  const directory = join(place.stateDir, 'journal');
  cpSync(V1, directory, { recursive: true });
  const before = bytesOf(directory);
  t.equal(before.length, RECORDS);
  for (const bytes of before) t.ok(decodeRecord(bytes).ok);
  t.equal((await readAll(t, place)).length, RECORDS, 'tail shows it');

  const { journal, found } = Journal.open(directory);
  t.match(found, { recovered: null, damage: [], lost: null, link: null });
  t.match(journal.stats(), { epoch: 3, nextSeq: BigInt(RECORDS + 1) });
  t.equal(journal.append(storable(1n)), BigInt(RECORDS + 1));
  await journal.close();
  const after = bytesOf(directory);
  t.same(after.slice(0, RECORDS), before, 'what there was has not changed');
  t.equal(after.length, RECORDS + 1);
  const verified = await runCommand(t, place.command('verify'));
  t.equal(verified.code, 0, verified.stdout);
});

t.test('segments have the magic and the version that the version before knows', async (t) => {
  const directory = scratchDirectory(t);
  const { journal } = Journal.open(directory);
  journal.append(storable(1n));
  await journal.close();
  const segments = (dir: string): string[] =>
    readdirSync(dir).filter((name) => /\.wfj$/.test(name));
  const header = (dir: string): Buffer =>
    readFileSync(join(dir, segments(dir)[0] ?? '')).subarray(0, 12);
  t.same(header(directory), header(V1), 'magic and version of a segment');
});

t.test('a kind and a field of a later version are kept as they are', async (t) => {
  const { body } = storable(1n);
  const known = encodeRecord({ ...body, epoch: 1, seq: 1n });
  // Field 2047, a text, behind what this version writes (protobuf encoding, "unknown fields").
  const later = Buffer.concat([known, Buffer.from([0xfa, 0x7f, 0x03, 0x6e, 0x65, 0x77])]);
  const decoded = decodeRecord(later);
  t.ok(decoded.ok, 'a field that is not known is no mistake');
  const strange = encodeRecord({ ...body, kind: 'of_a_later_version', epoch: 1, seq: 2n });
  t.ok(decodeRecord(strange).ok, 'nor is a kind');
});
