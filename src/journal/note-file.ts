import path from 'node:path';
import { MAX_NOTE_BYTES, parseCheckpoint } from '../tlog/index.js';
import { codeOf, present, readSmall } from './directory.js';
import type { Files } from './files.js';

/** A file that holds the newest signed note of its kind: never half of one, and never waited for. */
export class NoteFile {
  private waiting: string | null = null;
  private writing: Promise<void> | null = null;
  private error: string | null = null;

  constructor(
    private readonly directory: string,
    private readonly name: string,
    private readonly files: Files,
  ) {}

  /** errno with which the last note was not written, otherwise null. */
  get failed(): string | null {
    return this.error;
  }

  /** The size that the checkpoint in it says; 0n where there is none. Who signed it is for others to check. */
  size(): bigint {
    const note = readSmall(path.join(this.directory, this.name), MAX_NOTE_BYTES, this.files);
    return (note === null ? null : parseCheckpoint(note.toString('utf8')))?.size ?? 0n;
  }

  /** Of notes that come faster than the disk takes them, the newest is written. */
  save(note: string): void {
    this.waiting = note;
    this.writing ??= this.writeAll().finally(() => {
      this.writing = null;
    });
  }

  async settled(): Promise<void> {
    await this.writing;
  }

  private async writeAll(): Promise<void> {
    for (let note = this.waiting; note !== null; note = this.waiting) {
      this.waiting = null;
      try {
        await this.replace(Buffer.from(note, 'utf8'));
        this.error = null;
      } catch (error) {
        this.error = codeOf(error);
      }
    }
  }

  private async replace(bytes: Buffer): Promise<void> {
    const { files, directory } = this;
    const file = path.join(directory, this.name);
    const draft = `${file}.tmp`;
    present(() => {
      files.remove(draft);
    });
    const fd = files.create(draft);
    try {
      for (let done = 0; done < bytes.length;) {
        done += await files.write(fd, bytes.subarray(done), done);
      }
      await files.syncData(fd);
    } finally {
      files.close(fd);
    }
    files.rename(draft, file);
    await files.syncSoon(directory);
  }
}
