import path from 'node:path';
import type { Files } from './files.js';

const MAX_BYTES = 1 << 20;
const MIN_BYTES = 1 << 14;
const BLOCK_BYTES = 4096;
/** Of what is free, so that it is never the reserve that fills the disk. */
const SHARE = 8;
const LOOK_MS = 1000;

/**
 * Room on the disk that is kept for what matters most: a file, given up when the disk is full, so that findings still find
 * a place.
 */
export class Reserve {
  private held = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly directory: string,
    private readonly files: Files,
  ) {}

  get bytes(): number {
    return this.held;
  }

  /** Takes room again; false while there is not enough. One that an earlier opening left is made anew. */
  take(): boolean {
    if (this.held > 0) return true;
    const bytes = this.affordable();
    if (bytes < MIN_BYTES) return false;
    try {
      // Written, not only made long: a hole in a file keeps no room.
      this.files.writeWhole(this.file, Buffer.alloc(bytes, 1));
      this.held = bytes;
      return true;
    } catch {
      this.remove();
      return false;
    }
  }

  /** Whether the reserve was given up, and there is no room for it again yet. */
  get given(): boolean {
    return this.timer !== null;
  }

  /** Gives the room to whoever writes next, and looks out for as much again; false when none was held. */
  giveUp(): boolean {
    this.timer ??= setInterval(() => {
      if (this.take()) this.stop();
    }, LOOK_MS).unref();
    const had = this.held > 0;
    this.held = 0;
    return this.remove() && had;
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private affordable(): number {
    try {
      const share = Math.min(this.files.free(this.directory) / SHARE, MAX_BYTES);
      return Math.floor(share / BLOCK_BYTES) * BLOCK_BYTES;
    } catch {
      return 0;
    }
  }

  private remove(): boolean {
    try {
      this.files.remove(this.file);
      return true;
    } catch {
      return false;
    }
  }

  private get file(): string {
    return path.join(this.directory, 'reserve');
  }
}
