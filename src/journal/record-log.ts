import path from 'node:path';
import { leafHash } from '../tlog/index.js';
import { codeOf } from './directory.js';
import type { Segment } from './directory.js';
import { JournalError } from './error.js';
import { realFiles } from './files.js';
import type { Opening } from './found.js';
import { NoteFile } from './note-file.js';
import type { Base, Recovery } from './recovery/recover.js';
import { recover } from './recovery/recover.js';
import { planRetirement } from './retention.js';
import type { RetentionLimits, Retired } from './retention.js';
import { Scrubber } from './scrubber.js';
import type { Damage } from './segment.js';
import type { Outcome } from './segment-writer.js';
import { Store } from './store.js';
import type { Sealed, StoreOptions } from './store.js';
import { rebuildTiles } from './tile-builder.js';
import type { Rebuild } from './tile-builder.js';
import type { Tiles } from './tiles.js';
import type { Tree } from './tree.js';

export interface LogOptions extends StoreOptions, RetentionLimits {}

export const LOG_DEFAULTS: LogOptions = {
  maxBytes: 2 ** 31,
  maxAgeMs: 90 * 86_400_000,
  segmentBytes: 16 << 20,
  files: realFiles,
  now: (): number => Date.now(),
};

/** How a record counts in the tree. */
export type LeafOf = (record: Uint8Array) => Buffer;

/** Records in segments and the tree over them: what a node's journal and the gateway's copy of it have in common. */
export class RecordLog {
  readonly tree: Tree;
  readonly found: Opening;
  readonly epoch: number;
  readonly checkpointFile: NoteFile;
  private readonly cosignedFile: NoteFile;
  private readonly store: Store;
  private readonly tiles: Tiles;
  private readonly scrubber: Scrubber;
  private readonly parts: Rebuild;
  private readonly sealedListeners = new Set<(sealed: Sealed) => void>();
  private cosignedSize: bigint;
  private syncing: Promise<void> | null = null;

  private constructor(
    directory: string,
    private readonly options: LogOptions,
    { segments, epoch, tiles, tree, found }: Recovery,
    leafOf: LeafOf,
  ) {
    const { files } = options;
    this.tree = tree;
    this.found = found;
    this.epoch = epoch;
    this.tiles = tiles;
    this.parts = { directory, files, leafOf, tiles };
    this.scrubber = new Scrubber(this.parts);
    this.store = new Store(directory, segments, options, (sealed) => {
      for (const listener of this.sealedListeners) listener(sealed);
    });
    this.checkpointFile = new NoteFile(directory, 'checkpoint', files);
    this.cosignedFile = new NoteFile(directory, 'cosigned', files);
    this.cosignedSize = this.cosignedFile.size();
  }

  /** Makes the directory (0700) where there is none. Throws JournalError when it cannot be used. */
  static open(
    directory: string,
    given: Partial<LogOptions>,
    baseOf: () => Base,
    leafOf: LeafOf = leafHash,
  ): RecordLog {
    const options = { ...LOG_DEFAULTS, ...given };
    const { files } = options;
    try {
      files.makeDirectory(directory);
      files.syncNow(path.dirname(directory));
      const recovery = recover({ directory, files, leafOf }, baseOf());
      return new RecordLog(directory, options, recovery, leafOf);
    } catch (error) {
      throw new JournalError(directory, codeOf(error), error);
    }
  }

  get cosigned(): bigint {
    return this.cosignedSize;
  }

  get segments(): readonly Segment[] {
    return this.store.segments();
  }

  get unretired(): string | null {
    return this.store.unretired;
  }

  /** errno with which a note was not written, otherwise null. */
  get unsavedNote(): string | null {
    return this.checkpointFile.failed ?? this.cosignedFile.failed;
  }

  /** Bytes of frames that the next put() should have at most. */
  room(): number {
    return this.store.room();
  }

  /** Makes frames durable, all or none. */
  async put(firstSeq: bigint, epoch: number, frames: readonly Buffer[]): Promise<Outcome> {
    const before = this.store.segments().length;
    const outcome = await this.store.put(firstSeq, epoch, frames);
    if (this.store.segments().length > before) this.syncTiles();
    return outcome;
  }

  /** Ends the segment: what is behind a loss begins its own. */
  endSegment(): void {
    this.store.endSegment();
  }

  /** Keeps no file open and no cache, until it is used again. */
  release(): void {
    this.store.release();
    this.tiles.forget();
  }

  onSealed(listener: (sealed: Sealed) => void): () => void {
    this.sealedListeners.add(listener);
    return () => this.sealedListeners.delete(listener);
  }

  saveCosigned(note: string, size: bigint): void {
    if (size <= this.cosignedSize) return;
    this.cosignedSize = size;
    this.cosignedFile.save(note);
  }

  planRetirement(limit: bigint | null): Retired | null {
    const { now, maxBytes, maxAgeMs } = this.options;
    // Up to there the tiles are full.
    const tiled = (this.tree.size >> 8n) << 8n;
    const most = limit === null || limit > tiled ? tiled : limit;
    return planRetirement(this.store.segments(), { maxBytes, maxAgeMs }, now(), most);
  }

  /** Tiles first, durable, as far as they can be known; then the segments. */
  retire({ firstSeq, lastSeq }: Retired): boolean {
    const from = (firstSeq - 1n) >> 8n;
    const to = ((lastSeq - 1n) >> 8n) + 1n;
    try {
      if (this.tilesIn(from, to).length < Number(to - from)) rebuildTiles(this.parts, from, to);
      this.tiles.secure(0, this.tilesIn(from, to));
    } catch {
      return false;
    }
    return this.store.retire(lastSeq);
  }

  scrub(bytes: number): readonly Damage[] {
    // The segment that is being written, and the tile that is being filled, have their turn later.
    const written = (this.store.segments().at(-1)?.firstSeq ?? 1n) - 1n;
    const tiled = (this.tree.size >> 8n) << 8n;
    return this.scrubber.run(bytes, written < tiled ? written : tiled);
  }

  async close(): Promise<void> {
    this.store.endSegment();
    await this.checkpointFile.settled();
    await this.cosignedFile.settled();
    await this.tree.saved();
    await this.syncing;
    await this.tiles.sync();
  }

  /** In the background: until they are durable, the records are there to make them from. */
  private syncTiles(): void {
    this.syncing ??= this.tiles.sync().finally(() => {
      this.syncing = null;
    });
  }

  private tilesIn(from: bigint, to: bigint): bigint[] {
    const there: bigint[] = [];
    for (let index = from; index < to; index += 1n) {
      if (this.tiles.read(0, index) !== null) there.push(index);
    }
    return there;
  }
}
