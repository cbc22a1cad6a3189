import { JournalCursor } from './cursor.js';
import type { JournalEntry } from './cursor.js';
import { firstSeqOf } from './format.js';
import { Quarantine } from './quarantine.js';
import { linkOf } from './recovery/scan.js';
import type { Damage } from './segment.js';
import { TileBuilder } from './tile-builder.js';
import type { Rebuild } from './tile-builder.js';

/** Damage is told once, as long as there is not more than that of it. */
const MAX_TOLD = 4096;

/** Reads old records again, a few at a time, and holds them against the tiles; where a tile is missing it is written. */
export class Scrubber {
  private cursor: JournalCursor;
  private builder: TileBuilder;
  private readonly quarantine: Quarantine;
  /** First number of the segment of the last record. */
  private before = 0n;
  private readonly told = new Set<string>();

  constructor(private readonly parts: Rebuild) {
    this.cursor = this.begin();
    this.builder = new TileBuilder(parts.tiles);
    this.quarantine = new Quarantine(parts.directory, parts.files);
  }

  /** Reads about so many bytes of the records up to `last`, and begins again when it came there. */
  run(bytes: number, last: bigint): readonly Damage[] {
    const damage: Damage[] = [];
    let left = bytes;
    let hole: Damage | null = null;
    for (const entry of this.cursor.read(last)) {
      if ('damage' in entry && entry.damage.reason === 'missing') {
        hole = entry.damage;
        continue;
      }
      if (hole !== null && !this.isExplained(hole, entry) && this.isNew(hole)) damage.push(hole);
      hole = null;
      const found = 'damage' in entry ? entry.damage : this.check(entry.seq, entry.bytes);
      left -= 'damage' in entry ? entry.damage.bytes : entry.bytes.length;
      if (found !== null && this.isNew(found)) damage.push(found);
      if (left <= 0) return damage;
    }
    this.cursor = this.begin();
    return damage;
  }

  private begin(): JournalCursor {
    // What was read in the round before may have changed on the disk.
    this.parts.tiles.forget();
    return new JournalCursor(this.parts.directory, {}, this.parts.files);
  }

  /** An opening told it: it set records aside, or what is behind them goes on from what was signed. */
  private isExplained({ lastSeq = 0n }: Damage, behind: JournalEntry): boolean {
    if (this.quarantine.knows(this.before, lastSeq)) return true;
    return 'seq' in behind && linkOf(behind.seq, behind.bytes) !== null;
  }

  private check(seq: bigint, bytes: Uint8Array): Damage | null {
    const { tiles, leafOf } = this.parts;
    this.before = firstSeqOf(this.cursor.place.segment) ?? 0n;
    const leaf = leafOf(bytes);
    const hashed = tiles.entry(0, seq - 1n);
    if (hashed === null) {
      this.rebuild(seq - 1n, leaf);
      return null;
    }
    if (hashed.equals(leaf)) return null;
    const { segment, offset } = this.cursor.place;
    const size = bytes.length;
    return { segment, offset, bytes: size, reason: 'content', firstSeq: seq, lastSeq: seq };
  }

  private rebuild(index: bigint, leaf: Buffer): void {
    try {
      this.builder.add(index, leaf);
    } catch {
      // A full disk: the next round comes by here again.
      this.builder = new TileBuilder(this.parts.tiles);
    }
  }

  private isNew({ segment, offset, reason }: Damage): boolean {
    const key = `${segment}@${offset} ${reason}`;
    if (this.told.has(key)) return false;
    if (this.told.size >= MAX_TOLD) this.told.clear();
    this.told.add(key);
    return true;
  }
}
