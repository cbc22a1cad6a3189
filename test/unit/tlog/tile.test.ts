import t from 'tap';
import {
  CompactRange,
  TILE_BYTES,
  TILE_HEIGHT,
  TILE_WIDTH,
  tileNodes,
  tilePath,
  tileRoot,
} from '../../../src/tlog/index.js';
import { leavesOf } from './reference.js';

t.test('a tile lies where C2SP tlog-tiles says', async (t) => {
  t.equal(tilePath(0, 0n), 'tile/0/000');
  t.equal(tilePath(0, 67n), 'tile/0/067');
  t.equal(tilePath(1, 999n), 'tile/1/999');
  t.equal(tilePath(1, 1234n), 'tile/1/x001/234');
  t.equal(tilePath(3, 1_234_067n), 'tile/3/x001/x234/067');
  t.equal(tilePath(7, 10n ** 18n), 'tile/7/x001/x000/x000/x000/x000/x000/000');
});

const COUNT = TILE_WIDTH * TILE_WIDTH + 3 * TILE_WIDTH + 5;
const leaves = leavesOf(COUNT);
const nodes = new Map<string, Buffer>();
const tiles = new Map<string, Buffer>();
const tree = new CompactRange();
for (const leaf of leaves) {
  tree.append(leaf, (level, index, hash) => {
    nodes.set(`${level}/${index}`, hash);
    if (level % TILE_HEIGHT !== 0) return;
    const path = tilePath(level / TILE_HEIGHT, index >> BigInt(TILE_HEIGHT));
    tiles.set(path, Buffer.concat([tiles.get(path) ?? Buffer.alloc(0), hash]));
  });
}

/** Full ones only, as on disk. */
const readTile = (level: number, index: bigint): Buffer | null => {
  const tile = tiles.get(tilePath(level, index));
  return tile?.length === TILE_BYTES ? tile : null;
};

t.test('every perfect subtree is read from full tiles and the leaves behind them', async (t) => {
  const asked: bigint[] = [];
  const read = tileNodes(readTile, (index) => {
    asked.push(index);
    return leaves[Number(index)] ?? null;
  });
  for (const [name, hash] of nodes) {
    const [level = '', index = ''] = name.split('/');
    if (!read(Number(level), BigInt(index))?.equals(hash)) t.fail(name);
  }
  const border = BigInt(COUNT - (COUNT % TILE_WIDTH));
  t.same(
    [...new Set(asked)],
    [0n, 1n, 2n, 3n, 4n].map((at) => border + at),
  );
  t.equal(read(8, 260n), null, 'a subtree that is not full');
  t.equal(read(20, 0n), null, 'a level that is not there');
});

t.test("a tile's root is its entry in the tile above", async (t) => {
  const tile = readTile(0, 7n) ?? Buffer.alloc(TILE_BYTES);
  const above = readTile(1, 0n) ?? Buffer.alloc(TILE_BYTES);
  t.same(tileRoot(tile), above.subarray(7 * 32, 8 * 32));
});
