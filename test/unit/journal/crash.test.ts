import t from 'tap';
import { Journal, JournalCursor } from '../../../src/journal/index.js';
import type { Found } from '../../../src/journal/index.js';
import { entryOf } from '../../../src/journal/tiles.js';
import {
  CompactRange,
  HASH_BYTES,
  leafHash,
  TILE_BYTES,
  TILE_WIDTH,
} from '../../../src/tlog/index.js';
import type { TreeState } from '../../../src/tlog/index.js';
import { append } from './journal-kit.js';
import { ModelDisk } from './model-disk.js';

/** More, and others: WATCHFLOOR_HISTORIES=100000 WATCHFLOOR_SEED=7. */
const HISTORIES = Number(process.env['WATCHFLOOR_HISTORIES'] ?? 2000);
const SEED = Number(process.env['WATCHFLOOR_SEED'] ?? 1);
const DIR = '/state/journal';
const NO_HASH = Buffer.alloc(HASH_BYTES);

type Random = (below: number) => number;

/** Mulberry32: the same seed, the same history. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What the outside knows: the signer's last state, and what was said to be durable. */
interface Outside {
  anchor: TreeState | null;
  committed: bigint;
  root: Buffer;
}

const check = (fine: boolean, what: string): void => {
  if (!fine) throw new Error(what);
};

/** Opens until it works, with crashes in between; each must leave a journal that opens. */
function reopen(disk: ModelDisk, random: Random, { anchor }: Outside, segmentBytes: number) {
  for (;;) {
    if (random(4) === 0) disk.failAfter(random(60));
    try {
      const opened = Journal.open(DIR, { files: disk.files, anchor, segmentBytes });
      if (!disk.dark) return opened;
      void opened.journal.close();
    } catch (error) {
      check(disk.dark, `it does not open: ${String(error)}`);
    }
    disk.crash();
  }
}

/** `verify` calls anything else in the place of a tile tampered with. */
function inspectTiles(disk: ModelDisk): void {
  for (const [name, bytes] of disk.below(`${DIR}/tile`)) {
    if (/\.(new|tmp)$/.test(name)) continue;
    const hashes = Array.from({ length: TILE_WIDTH }, (_, at) => entryOf(bytes, at));
    const isWhole = bytes.length === TILE_BYTES && hashes.every((hash) => !hash.equals(NO_HASH));
    check(isWhole, `${name} is half a tile`);
  }
}

function inspect(disk: ModelDisk, journal: Journal, found: Found, outside: Outside): void {
  const { committed } = journal;
  check(found.damage.length === 0, `damage ${JSON.stringify(found.damage.map((d) => d.reason))}`);
  inspectTiles(disk);
  check(found.lost === null, 'signed records are lost');
  check(committed >= outside.committed, `${committed} of ${outside.committed} committed`);
  const tree = new CompactRange();
  for (const entry of new JournalCursor(DIR, {}, disk.files).read()) {
    check('seq' in entry && entry.seq === tree.size + 1n, `a hole behind ${tree.size}`);
    if ('seq' in entry) tree.append(leafHash(entry.bytes));
    if (tree.size === outside.committed) check(tree.root().equals(outside.root), 'another record');
  }
  check(tree.size === committed, `${tree.size} records, numbers go on behind ${committed}`);
  check(journal.tree().root.equals(tree.root()), 'the tree is not that of the records');
}

async function live(journal: Journal, random: Random, outside: Outside): Promise<void> {
  for (let step = 0; step < 1 + random(6); step += 1) {
    append(journal, 1 + random(random(4) === 0 ? 60 : 6));
    if (random(3) > 0) await journal.flush();
    if (journal.committed === outside.committed) continue;
    const tree = journal.tree();
    outside.committed = tree.size;
    outside.root = tree.root;
    if (random(3) > 0) continue;
    outside.anchor = { ...tree, note: 'signed' };
    journal.saveCheckpoint('signed');
  }
}

/** A disk with so many records, all of them durable. */
async function prepared(records: number): Promise<{ disk: ModelDisk; outside: Outside }> {
  const disk = new ModelDisk(() => 0);
  const { journal } = Journal.open(DIR, { files: disk.files, segmentBytes: 60_000 });
  append(journal, records);
  await journal.close();
  const { size, root } = journal.tree();
  return { disk, outside: { anchor: null, committed: size, root } };
}

async function history(seed: number, begun: Awaited<ReturnType<typeof prepared>>): Promise<void> {
  const random = randomFrom(seed);
  const disk = begun.disk.copy(random);
  const outside = { ...begun.outside };
  const segmentBytes = 3000 + random(30_000);
  for (let life = 0; life < 3; life += 1) {
    const { journal, found } = reopen(disk, random, outside, segmentBytes);
    disk.failAfter(Number.POSITIVE_INFINITY);
    inspect(disk, journal, found, outside);
    disk.failAfter(random(120));
    await live(journal, random, outside);
    disk.failAfter(-1);
    await journal.close();
    disk.crash();
  }
  const { journal, found } = reopen(disk, random, outside, segmentBytes);
  disk.failAfter(Number.POSITIVE_INFINITY);
  inspect(disk, journal, found, outside);
  await journal.close();
}

t.test(`in ${HISTORIES} histories of crashes nothing committed is lost`, async (t) => {
  const begun = await Promise.all([0, 3, 250, 500, 760].map(prepared));
  for (let seed = SEED; seed < SEED + HISTORIES; seed += 1) {
    const from = begun[seed % begun.length];
    if (from === undefined) break;
    try {
      await history(seed, from);
    } catch (error) {
      t.fail(`history ${seed}: WATCHFLOOR_SEED=${seed} WATCHFLOOR_HISTORIES=1`, { error });
      return;
    }
  }
  t.pass(`from seed ${SEED}`);
});
