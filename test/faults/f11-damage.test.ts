import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { listSegments } from '../../src/journal/index.js';
import { whyNoKernel } from '../helpers/environment.js';
import { goneFrom, LivedNode, toldBy } from '../helpers/lived-node.js';
import { framesOf } from '../helpers/tamper.js';

const [INTACT, TAMPERED, INCOMPLETE] = [0, 1, 2];
const skip = whyNoKernel() ?? false;

interface Damaged {
  readonly file: string;
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  readonly cause: string;
}

/** A record in the middle of the last segment. */
function middleOf(node: LivedNode) {
  const last = listSegments(node.journalDir).at(-1)?.name ?? '';
  const frames = framesOf(node).filter(({ file }) => file === `journal/${last}`);
  const frame = frames[frames.length >> 1];
  if (frame === undefined) throw new Error('the last segment has no record');
  return { ...frame, file: join(node.place.stateDir, frame.file) };
}

function flipBit(node: LivedNode): Damaged {
  const { file, seq, start, end } = middleOf(node);
  const bytes = readFileSync(file);
  const at = (start + 8 + end) >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  return { file, firstSeq: seq, lastSeq: seq, cause: 'frame' };
}

function truncate(node: LivedNode): Damaged {
  const { file, seq, start, end } = middleOf(node);
  truncateSync(file, (start + end) >> 1);
  return { file, firstSeq: seq, lastSeq: node.signed().size, cause: 'truncated' };
}

/** Starts the daemon on what is damaged, twice, and judges what it made of it. */
async function recovers(t: Test, node: LivedNode, damage: () => Damaged): Promise<void> {
  const signed = node.signed();
  const records = node.records();
  t.match(await node.verify(), { code: INTACT, gaps: [], damage: [] }, 'all was well');
  const { file, firstSeq, lastSeq, cause } = damage();
  const damaged = readFileSync(file);
  const before = node.files();
  t.equal((await node.verify()).code, TAMPERED, 'verify finds it');

  await node.live();
  t.same(goneFrom(before, node.files()), [], 'no byte is thrown away');
  const aside = [...node.files()].filter(([path]) => path.startsWith('journal/quarantine/'));
  t.ok(
    aside.some(([, bytes]) => bytes.length > 0 && damaged.subarray(-bytes.length).equals(bytes)),
    'what was damaged is set aside as it was',
  );
  const after = node.records();
  const isLost = (seq: bigint): boolean => seq >= firstSeq && seq <= lastSeq;
  t.same(
    after.filter(({ seq }) => seq <= signed.size).map(({ seq }) => seq),
    records.map(({ seq }) => seq).filter((seq) => !isLost(seq)),
    'every whole record is kept',
  );
  const { first, gaps, tampers, checkpoints } = toldBy(after);
  t.match(gaps, [{ cause, firstSeq, lastSeq, count: lastSeq - firstSeq + 1n }]);
  t.equal(gaps.length, 1, 'the numbers are said once');
  t.match(tampers, [
    { evidence: [`signed records are not there, from ${firstSeq} to ${lastSeq}`] },
  ]);
  t.equal(first?.seq, signed.size + 1n, 'no number is given twice');
  t.match(first?.checkpoint, { note: signed.note, size: signed.size }, 'the link');
  t.ok(checkpoints.length > 1);
  t.same([...new Set(checkpoints.map(({ vkey }) => vkey))], [checkpointKey(records)], 'same key');
  const told = { firstSeq: String(firstSeq), lastSeq: String(lastSeq) };
  t.match(await node.verify(), { code: INCOMPLETE, gaps: [told] });
  t.same((await node.verify()).damage, []);

  await node.live();
  t.same(toldBy(node.records()).tampers, [], 'it is told once');
  t.same((await node.verify()).gaps, [told]);
}

const checkpointKey = (records: ReturnType<LivedNode['records']>): string | undefined =>
  records.flatMap(({ checkpoint }) => checkpoint ?? []).at(-1)?.vkey;

t.test('what happens to a journal while nobody runs', { skip }, async (t) => {
  const good = new LivedNode(t);
  await good.live();
  const young = new LivedNode(t);
  young.copyOf(good);
  await good.live();

  for (const [what, damage] of [
    ['a bit that flipped costs one record', flipBit],
    ['a segment that was cut off costs what was behind', truncate],
  ] as const) {
    await t.test(`${what}, and that is said`, async (t) => {
      const node = new LivedNode(t);
      node.copyOf(good);
      await recovers(t, node, () => damage(node));
    });
  }

  await t.test(
    "a segment of another node is set aside, and the node's own is missed",
    async (t) => {
      const foreign = new LivedNode(t);
      await foreign.live();
      await recovers(t, young, () => {
        const [{ name } = { name: '' }] = listSegments(young.journalDir);
        const file = join(young.journalDir, name);
        copyFileSync(join(foreign.journalDir, name), file);
        return { file, firstSeq: 1n, lastSeq: young.signed().size, cause: 'rollback' };
      });
    },
  );
});

t.test('a torn end that nobody signed is set aside, and costs no evidence', { skip }, async (t) => {
  const node = new LivedNode(t);
  await (await node.begin()).kill();
  const last = framesOf(node).at(-1);
  t.ok((last?.seq ?? 0n) > node.signed().size, 'the last record is behind what was signed');
  const file = join(node.place.stateDir, last?.file ?? '');
  truncateSync(file, (last?.end ?? 0) - 3);
  const torn = (last?.end ?? 0) - (last?.start ?? 0) - 3;
  t.match(await node.verify(), { code: INTACT, tornBytes: torn });
  const before = node.files();
  await node.live();
  t.same(goneFrom(before, node.files()), [], 'no byte is thrown away');
  t.match(toldBy(node.records()), { gaps: [], tampers: [] });
  t.match(await node.verify(), { code: INTACT, tornBytes: 0, gaps: [], damage: [] });
});
