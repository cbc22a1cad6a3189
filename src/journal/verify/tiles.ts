import path from 'node:path';
import { HASH_BYTES, TILE_BYTES, TILE_WIDTH, tilePath, tileRoot } from '../../tlog/index.js';
import { codeOf, present } from '../directory.js';
import type { Files } from '../files.js';
import { entryOf } from '../tiles.js';
import { Window } from '../window.js';
import type { Findings } from './report.js';

const MAX_KEPT = 16;

/** The tiles of a journal as evidence: each is looked at once, and held against the one above it. */
export class TileEvidence {
  private readonly kept = new Map<string, Buffer | null>();

  constructor(
    private readonly directory: string,
    private readonly files: Files,
    private readonly findings: Findings,
    /** Tiles of leaves behind this were perhaps not durable when the machine stopped. */
    private readonly signedSize: bigint,
  ) {}

  /** The leaf that a tile has. */
  leaf(index: bigint): Buffer | null {
    const tile = this.read(0, index >> 8n);
    return tile === null ? null : entryOf(tile, Number(index & 255n));
  }

  has(level: number, index: bigint): boolean {
    return this.read(level, index) !== null;
  }

  /** null: there is none. What is there and is none is damage. */
  private read(level: number, index: bigint): Buffer | null {
    const name = tilePath(level, index);
    const known = this.kept.get(name);
    if (known !== undefined) return known;
    const bytes = this.load(name, level, index);
    const [oldest] = this.kept.keys();
    if (oldest !== undefined && this.kept.size >= MAX_KEPT) this.kept.delete(oldest);
    this.kept.set(name, bytes);
    if (bytes !== null) this.checkAbove(level, index, bytes);
    return bytes;
  }

  private load(name: string, level: number, index: bigint): Buffer | null {
    const file = path.join(this.directory, name);
    try {
      const stat = present(() => this.files.stat(file));
      if (stat === null) return null;
      if (stat.regular && stat.bytes === TILE_BYTES) {
        const window = new Window(this.files, file, stat.bytes);
        try {
          return window.at(0, TILE_BYTES);
        } finally {
          window.close();
        }
      }
      this.reject(name, level, index, `has ${stat.bytes} bytes where a tile has ${TILE_BYTES}`);
    } catch (error) {
      // A directory of its path that is a file, or one that may not be read.
      if (codeOf(error) !== 'ENOTDIR') this.reject(name, level, index, codeOf(error));
    }
    return null;
  }

  private reject(name: string, level: number, index: bigint, why: string): void {
    const width = 1n << BigInt(8 * level);
    const lastSeq = (index + 1n) * BigInt(TILE_WIDTH) * width;
    const firstSeq = lastSeq - BigInt(TILE_WIDTH) * width + 1n;
    if (lastSeq > this.signedSize) return;
    this.findings.add({
      ...{ segment: name, offset: 0, bytes: TILE_BYTES, firstSeq, lastSeq },
      reason: 'tile',
      text: why,
    });
  }

  private checkAbove(level: number, index: bigint, tile: Buffer): void {
    const above = this.read(level + 1, index >> 8n);
    const at = Number(index & 255n);
    if (above === null || entryOf(above, at).equals(tileRoot(tile))) return;
    const width = BigInt(TILE_WIDTH) << BigInt(8 * level);
    const span = { firstSeq: index * width + 1n, lastSeq: (index + 1n) * width };
    const text = 'a tile and the entry for it in the tile above do not agree';
    const own = { segment: tilePath(level, index), offset: 0, bytes: TILE_BYTES };
    const entry = { offset: at * HASH_BYTES, bytes: HASH_BYTES };
    this.findings.add({ ...own, ...span, reason: 'tile', text });
    const segment = tilePath(level + 1, index >> 8n);
    this.findings.add({ segment, ...entry, ...span, reason: 'tile', text });
  }
}
