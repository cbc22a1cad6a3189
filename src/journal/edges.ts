import { HASH_BYTES, TILE_WIDTH } from '../tlog/index.js';
import { entryOf } from './tiles.js';

export interface FullTile {
  readonly level: number;
  readonly index: bigint;
  readonly bytes: Buffer;
}

/** An entry of the level it is asked for; null where it is not known. */
type FindEntry = (index: bigint) => Buffer | null;

const FIRST_BYTES = 8 * HASH_BYTES;

/** A tile that is being filled; of one that was begun before a loss some entries are never known. */
class Edge {
  private bytes: Buffer = Buffer.alloc(FIRST_BYTES);
  private readonly known = new Uint8Array(TILE_WIDTH);
  private count = 0;

  constructor(readonly index: bigint) {}

  get(at: number): Buffer | null {
    return this.known[at] === 1 ? entryOf(this.bytes, at) : null;
  }

  set(at: number, hash: Buffer): void {
    // Thousands of trees may wait with a few entries each.
    while (this.bytes.length < (at + 1) * HASH_BYTES) {
      this.bytes = Buffer.concat([this.bytes], this.bytes.length * 2);
    }
    hash.copy(this.bytes, at * HASH_BYTES);
    if (this.known[at] === 0) this.count += 1;
    this.known[at] = 1;
  }

  /** Where its known entries are, and what they are. */
  *entries(): Generator<readonly [number, Buffer]> {
    for (const [at, known] of this.known.entries()) {
      if (known === 1) yield [at, Buffer.from(entryOf(this.bytes, at))];
    }
  }

  full(): Buffer | null {
    return this.count === TILE_WIDTH ? Buffer.from(this.bytes) : null;
  }

  missing(): number[] {
    return Array.from(this.known.keys()).filter((at) => this.known[at] === 0);
  }
}

/** The right edge of a tree: for each level of tiles the one that is not full. */
export class Edges {
  private readonly edges: Edge[] = [];

  entry(level: number, index: bigint): Buffer | null {
    const edge = this.edges[level];
    return edge?.index === index >> 8n ? edge.get(Number(index & 255n)) : null;
  }

  /** A hash learned late counts only for the tile that is being filled. */
  learn(level: number, index: bigint, hash: Buffer): void {
    const edge = this.edges[level];
    if (edge?.index === index >> 8n) edge.set(Number(index & 255n), hash);
  }

  /**
   * The next entry of a level. Gives the tile when this was its last, and `find` knows what it has not; else `keep` is
   * given what there is of it, for the next entry begins another tile.
   */
  put(
    level: number,
    index: bigint,
    hash: Buffer,
    { find, keep }: { find: FindEntry; keep: (index: bigint, hash: Buffer) => void },
  ): FullTile | null {
    const tile = index >> 8n;
    let edge = this.edges[level];
    if (edge?.index !== tile) edge = this.begin(level, tile);
    const at = Number(index & 255n);
    edge.set(at, hash);
    if (at < TILE_WIDTH - 1) return null;
    for (const missing of edge.missing()) {
      const found = find((tile << 8n) + BigInt(missing));
      if (found !== null) edge.set(missing, found);
    }
    const bytes = edge.full();
    if (bytes !== null) return { level, index: tile, bytes };
    for (const [place, known] of edge.entries()) keep((tile << 8n) + BigInt(place), known);
    return null;
  }

  /** Makes the tile of an entry the one that is being filled. */
  begin(level: number, tile: bigint): Edge {
    while (this.edges.length < level) this.edges.push(new Edge(-1n));
    const edge = new Edge(tile);
    this.edges[level] = edge;
    return edge;
  }
}
