import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { encodeEntry, encodeHeader, MAGIC } from './format.js';
import type { Entry, RecordingHeader } from './format.js';

export const DEFAULT_RECORDING_BYTES = 1024 * 1024 * 1024;

/** Room kept for the entry that says the file is full. */
const END_BYTES = 64;

/** Written together; a tick writes what is left, so a crash loses at most the last tenth of a second. */
const BUFFER_BYTES = 256 * 1024;

export type RecorderState =
  | { readonly state: 'recording' }
  | { readonly state: 'ended'; readonly reason: 'stopped' | 'limit' }
  | { readonly state: 'failed'; readonly reason: string };

/** Writes a recording. It ends by itself when the file is full or cannot be written; nothing is thrown for that. */
export class Recorder {
  #state: RecorderState = { state: 'recording' };
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #bytes = 0;

  /** Creates the file, mode 0600. Throws when there is one already or it cannot be created. */
  static create(
    path: string,
    header: RecordingHeader,
    maxBytes = DEFAULT_RECORDING_BYTES,
  ): Recorder {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const recorder = new Recorder(path, openSync(path, flags, 0o600), maxBytes);
    recorder.#put(MAGIC);
    recorder.#put(encodeHeader(header));
    recorder.#flush();
    return recorder;
  }

  private constructor(
    readonly path: string,
    private readonly fd: number,
    private readonly maxBytes: number,
  ) {}

  get state(): RecorderState {
    return this.#state;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends an entry; ends the recording instead when it would not fit. */
  write(entry: Entry): void {
    if (this.#state.state !== 'recording') return;
    const frame = encodeEntry(entry);
    if (this.#bytes + frame.length + END_BYTES > this.maxBytes) {
      this.#end('limit');
      return;
    }
    this.#put(frame);
    const isTick = entry.entry === 'input' && entry.input.input === 'tick';
    if (isTick || this.#pendingBytes >= BUFFER_BYTES) this.#flush();
  }

  /** Idempotent. */
  close(): void {
    this.#end('stopped');
  }

  #put(frame: Buffer): void {
    this.#pending.push(frame);
    this.#pendingBytes += frame.length;
    this.#bytes += frame.length;
  }

  /** False: the file cannot be written any more. */
  #flush(): boolean {
    const whole = Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    try {
      for (let at = 0; at < whole.length;) at += writeSync(this.fd, whole, at);
      return true;
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'write failed';
      this.#state = { state: 'failed', reason };
      closeSync(this.fd);
      return false;
    }
  }

  #end(reason: 'stopped' | 'limit'): void {
    if (this.#state.state !== 'recording') return;
    this.#put(encodeEntry({ entry: 'end', reason }));
    if (!this.#flush()) return;
    this.#state = { state: 'ended', reason };
    closeSync(this.fd);
  }
}
