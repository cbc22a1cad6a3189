import { TILE_WIDTH } from '../tlog/index.js';
import { JournalCursor } from './cursor.js';
import type { Files } from './files.js';
import type { Tiles } from './tiles.js';

/** Collects the leaves of one tile of level 0 after the other, as they are read. */
export class TileBuilder {
  private tile = -1n;
  private leaves: Buffer[] = [];

  constructor(private readonly tiles: Tiles) {}

  /** Writes the tile that this leaf makes full, where there is none. Throws what the disk says. */
  add(index: bigint, leaf: Buffer): void {
    const tile = index >> 8n;
    if (tile !== this.tile) this.leaves = [];
    this.tile = tile;
    if (Number(index & 255n) === this.leaves.length) this.leaves.push(leaf);
    if (this.leaves.length < TILE_WIDTH) return;
    const bytes = Buffer.concat(this.leaves);
    this.leaves = [];
    if (this.tiles.read(0, tile) === null) this.tiles.write(0, tile, bytes);
  }
}

export interface Rebuild {
  readonly directory: string;
  readonly files: Files;
  readonly leafOf: (record: Uint8Array) => Buffer;
  readonly tiles: Tiles;
}

/** Writes the tiles [from, to) of level 0 that are missing, as far as their records are there. */
export function rebuildTiles(parts: Rebuild, from: bigint, to: bigint): void {
  const { directory, files, leafOf, tiles } = parts;
  const builder = new TileBuilder(tiles);
  const cursor = new JournalCursor(directory, { after: from << 8n }, files);
  for (const entry of cursor.read(to << 8n)) {
    if ('seq' in entry) builder.add(entry.seq - 1n, leafOf(entry.bytes));
  }
}
