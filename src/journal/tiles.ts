import path from 'node:path';
import { HASH_BYTES, TILE_BYTES, TILE_WIDTH, tilePath } from '../tlog/index.js';
import { codeOf, readSmall } from './directory.js';
import type { Files } from './files.js';

const NO_HASH = Buffer.alloc(HASH_BYTES);
const MAX_CACHED = 8;

/** The full tiles of a journal directory: C2SP tlog-tiles of height 8. */
export class Tiles {
  private readonly cache = new Map<string, Buffer>();
  private unsynced: string[] = [];

  constructor(
    private readonly directory: string,
    private readonly files: Files,
  ) {}

  /**
   * The 256 hashes of a tile, one behind the other; null where there is none. What a crash left of one counts as none: no
   * record has a hash of zeros.
   */
  read(level: number, index: bigint): Buffer | null {
    const name = tilePath(level, index);
    const known = this.cache.get(name);
    if (known !== undefined) return known;
    const bytes = this.load(name);
    if (bytes !== null) this.keep(name, bytes);
    return bytes;
  }

  entry(level: number, index: bigint): Buffer | null {
    const tile = this.read(level, index >> 8n);
    return tile === null ? null : entryOf(tile, Number(index & 255n));
  }

  /**
   * Seen whole or not at all, after a crash too: an empty file would look like one that somebody emptied. Its name is not durable yet.
   * Throws what the disk says.
   */
  write(level: number, index: bigint, bytes: Buffer): void {
    const name = tilePath(level, index);
    const file = path.join(this.directory, name);
    const draft = `${file}.tmp`;
    try {
      this.files.writeWhole(draft, bytes);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      this.files.makeDirectory(path.dirname(file));
      this.files.writeWhole(draft, bytes);
    }
    this.files.rename(draft, file);
    this.keep(name, bytes);
    this.unsynced.push(name);
  }

  /** The same without waiting: making names can take as long as somebody else's sync. */
  async writeSoon(level: number, index: bigint, bytes: Buffer): Promise<void> {
    const name = tilePath(level, index);
    const file = path.join(this.directory, name);
    try {
      await this.files.replaceSoon(file, bytes);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      this.files.makeDirectory(path.dirname(file));
      await this.files.replaceSoon(file, bytes);
    }
    this.unsynced.push(name);
  }

  /** Makes durable what was written. A tile that the disk did not take is given up: its records can make it again. */
  async sync(): Promise<void> {
    const names = this.unsynced.splice(0);
    for (const name of names) {
      const file = path.join(this.directory, name);
      try {
        await this.files.syncSoon(file);
      } catch {
        this.giveUp(name);
      }
    }
    for (const folder of foldersOf(names)) {
      await this.files.syncSoon(path.join(this.directory, folder)).catch(() => undefined);
    }
  }

  /** The same for tiles of any age, at once. Throws what the disk says. */
  secure(level: number, indexes: readonly bigint[]): void {
    const names = indexes.map((index) => tilePath(level, index));
    for (const name of [...names, ...foldersOf(names)]) {
      this.files.syncNow(path.join(this.directory, name));
    }
  }

  forget(): void {
    this.cache.clear();
  }

  private giveUp(name: string): void {
    this.cache.delete(name);
    try {
      this.files.remove(path.join(this.directory, name));
    } catch {
      // Then it is compared with the records when they are read the next time.
    }
  }

  private keep(name: string, bytes: Buffer): void {
    const [oldest] = this.cache.keys();
    if (oldest !== undefined && this.cache.size >= MAX_CACHED) this.cache.delete(oldest);
    this.cache.set(name, bytes);
  }

  private load(name: string): Buffer | null {
    try {
      const bytes = readSmall(path.join(this.directory, name), TILE_BYTES, this.files);
      return bytes?.length === TILE_BYTES && isFilled(bytes) ? bytes : null;
    } catch {
      return null;
    }
  }
}

export const entryOf = (tile: Buffer, at: number): Buffer =>
  tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);

function isFilled(tile: Buffer): boolean {
  for (let at = 0; at < TILE_WIDTH; at += 1) if (entryOf(tile, at).equals(NO_HASH)) return false;
  return true;
}

/** The directories that a crash could have forgotten: up to `tile`, which the journal's own names. */
function foldersOf(names: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const name of names) {
    let folder = name;
    do {
      folder = path.dirname(folder);
      folders.add(folder);
    } while (folder !== '.');
  }
  return [...folders];
}
