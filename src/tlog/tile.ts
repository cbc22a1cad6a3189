import { HASH_BYTES, nodeHash } from './hash.js';
import type { NodeReader } from './tree.js';

/** C2SP tlog-tiles: a tile is the hashes at the bottom of eight levels of the tree. */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 1 << TILE_HEIGHT;
/** Bytes of a full tile. */
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

/** Where a full tile lies: `tile/0/x001/234`. */
export function tilePath(level: number, index: bigint): string {
  const digits = `${index}`;
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  return `tile/${level}/${groups.map((g, at) => (at < groups.length - 1 ? `x${g}` : g)).join('/')}`;
}

/** A full tile, TILE_BYTES long; null: it is not there. */
export type TileReader = (level: number, index: bigint) => Buffer | null;

/** The root over all hashes of a full tile: its entry in the tile above. */
export function tileRoot(tile: Buffer): Buffer {
  return rootOf(tile, 0, TILE_WIDTH);
}

/**
 * Nodes from tiles. Those of the levels that a tile stands on are hashed from it; those no full tile covers yet from the
 * tiles below, and at the bottom from `leaf`.
 */
export function tileNodes(
  readTile: TileReader,
  leaf: (index: bigint) => Buffer | null,
): NodeReader {
  const read: NodeReader = (level, index) => {
    const row = Math.floor(level / TILE_HEIGHT);
    const height = level % TILE_HEIGHT;
    const first = index << BigInt(height);
    const tile = readTile(row, first >> BigInt(TILE_HEIGHT));
    if (tile !== null) return rootOf(tile, Number(first) % TILE_WIDTH, 1 << height);
    if (level === 0) return leaf(index);
    const below = height === 0 ? readTile(row - 1, index) : null;
    if (below !== null) return tileRoot(below);
    const left = read(level - 1, index * 2n);
    const right = left && read(level - 1, index * 2n + 1n);
    return left && right && nodeHash(left, right);
  };
  return read;
}

/** The root over so many entries (a power of two) of a tile. */
function rootOf(tile: Buffer, first: number, entries: number): Buffer {
  // A copy: what is cut out of a tile would keep all of it in memory.
  if (entries === 1) {
    return Buffer.from(tile.subarray(first * HASH_BYTES, (first + 1) * HASH_BYTES));
  }
  const half = entries / 2;
  return nodeHash(rootOf(tile, first, half), rootOf(tile, first + half, half));
}
