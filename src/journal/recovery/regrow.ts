import { CompactRange, leafHash, nodeHash, TILE_WIDTH, tilePath } from '../../tlog/index.js';
import { subtreesOf } from '../nodes.js';
import type { Quarantine } from '../quarantine.js';
import type { Damage } from '../segment.js';
import { rebuildTiles } from '../tile-builder.js';
import type { Tiles } from '../tiles.js';
import { Tree } from '../tree.js';
import type { TreeRange } from '../tree.js';
import type { Judgement } from './judge.js';
import type { ScanContext, Scanned } from './scan.js';

/** Tiles as the records that were read say; those that say otherwise are set aside and told. */
export function mendTiles(
  tiles: Tiles,
  quarantine: Quarantine,
  records: readonly Scanned[],
  { doubtful, wrongTiles }: Judgement,
): Damage[] {
  const damage: Damage[] = doubtful.map(({ start, end }) => ({
    ...tileDamage(tilePath(0, start >> 8n)),
    firstSeq: start + 1n,
    lastSeq: end,
  }));
  const leaves = new Map(records.map(({ seq, leaf }) => [seq - 1n, leaf]));
  for (const index of wrongTiles) {
    const name = tilePath(0, index);
    const first = index << 8n;
    damage.push({ ...tileDamage(name), firstSeq: first + 1n, lastSeq: first + 256n });
    quarantine.move(name, 'damaged');
  }
  tiles.forget();
  const [first = 0n] = leaves.keys();
  const end = (records.at(-1)?.seq ?? 0n) >> 8n;
  for (let index = (first + 255n) >> 8n; index < end; index += 1n) {
    const bytes = tiles.read(0, index) === null ? tileOf(index, leaves) : null;
    if (bytes !== null && !writeTile(tiles, index, bytes)) break;
  }
  return damage;
}

/** On a full disk the tile waits for the next opening, or for the scrub. */
function writeTile(tiles: Tiles, index: bigint, bytes: Buffer): boolean {
  try {
    tiles.write(0, index, bytes);
    return true;
  } catch {
    return false;
  }
}

const tileDamage = (segment: string): Damage => ({
  segment,
  offset: 0,
  bytes: 0,
  reason: 'tile',
});

function tileOf(index: bigint, leaves: ReadonlyMap<bigint, Buffer>): Buffer | null {
  const hashes: Buffer[] = [];
  for (let at = 0n; at < BigInt(TILE_WIDTH); at += 1n) {
    const leaf = leaves.get((index << 8n) + at);
    if (leaf === undefined) return null;
    hashes.push(leaf);
  }
  return Buffer.concat(hashes);
}

/** The tree over all numbers up to `last`, or to what was signed when that is more. */
export function growTree(
  context: ScanContext,
  tiles: Tiles,
  signed: TreeRange | null,
  records: readonly Scanned[],
  last: bigint,
): Tree {
  const tree = new Tree(tiles);
  if (signed !== null && signed.size > last) {
    tree.jump(signed.size, signed.range);
    return tree;
  }
  if (signed !== null) tree.trust(signed.size, signed.range);
  const edge = (last >> 8n) << 8n;
  for (const { seq, leaf } of records) if (seq > edge) tree.learn(seq - 1n, leaf);
  tree.begin(last);
  const range =
    tree.rangeAt(last) ??
    fromLinks(tree, records, last) ??
    fromRecords(context, tiles, tree, signed?.size ?? 0n, last) ??
    fillUp(records, last);
  tree.jump(last, range);
  return tree;
}

/** Where nothing was signed, what records behind a loss say of the tree before them has to do. */
function fromLinks(tree: Tree, records: readonly Scanned[], last: bigint): Buffer[] | null {
  for (const { link } of records) if (link !== null) tree.trust(link.size, link.range);
  return tree.rangeAt(last);
}

/** Without tiles the tree is in the records alone, as far back as the last signature. */
function fromRecords(
  context: ScanContext,
  tiles: Tiles,
  tree: Tree,
  signed: bigint,
  last: bigint,
): Buffer[] | null {
  rebuildTiles({ ...context, tiles }, signed >> 8n, last >> 8n);
  return tree.rangeAt(last);
}

/**
 * Nothing says what the oldest records were: no tile, no signature. The tree then begins with leaves of empty records, as
 * if that were all they had held.
 */
function fillUp(records: readonly Scanned[], last: bigint): Buffer[] {
  const hole = records.findLastIndex(({ seq }, at) => records[at - 1]?.seq !== seq - 1n);
  const run = hole < 0 ? [] : records.slice(hole);
  const before = (run[0]?.seq ?? last + 1n) - 1n;
  const compact = new CompactRange(before, emptyRange(before));
  for (const { leaf } of run) compact.append(leaf);
  while (compact.size < last) compact.append(EMPTY_LEAF);
  return [...compact.hashes()];
}

const EMPTY_LEAF = leafHash(new Uint8Array());

function emptyRange(size: bigint): Buffer[] {
  return subtreesOf(size).map(({ level }) => {
    let hash = EMPTY_LEAF;
    for (let height = 0; height < level; height += 1) hash = nodeHash(hash, hash);
    return hash;
  });
}
