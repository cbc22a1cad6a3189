import * as fs from 'node:fs';
import { promisify } from 'node:util';

/** What the journal asks of a file system. Tests give one that fails. Errors are Node's, with a `code`. */
export interface Files {
  makeDirectory(path: string): void;
  list(directory: string): string[];
  stat(path: string): FileStat;
  openToRead(path: string): number;
  /** Bytes read; less than asked only at the end of the file. */
  read(fd: number, target: Uint8Array, position: number): number;
  /** A file nobody else made. */
  create(path: string): number;
  /** Bytes written, which may be fewer than given. */
  write(fd: number, bytes: Uint8Array, position: number): Promise<number>;
  syncData(fd: number): Promise<void>;
  truncate(fd: number, length: number): Promise<void>;
  close(fd: number): void;
  /** Makes names in a directory durable. */
  syncDirectory(directory: string): void;
  /** A whole file, durable when it returns; one of that name is replaced. */
  writeWhole(path: string, bytes: Uint8Array): void;
  /** Cuts a file, durable when it returns. */
  cut(path: string, length: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

export interface FileStat {
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly modifiedMs: number;
}

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

const write = promisify(fs.write);
const fdatasync = promisify(fs.fdatasync);
const ftruncate = promisify(fs.ftruncate);

export const realFiles: Files = {
  makeDirectory(path) {
    fs.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
    fs.chmodSync(path, DIRECTORY_MODE);
  },
  list: (directory) => fs.readdirSync(directory),
  stat(path) {
    const { size, mtimeMs } = fs.statSync(path);
    return { bytes: size, modifiedMs: mtimeMs };
  },
  openToRead: (path) => fs.openSync(path, 'r'),
  read(fd, target, position) {
    let done = 0;
    while (done < target.length) {
      const got = fs.readSync(fd, target, done, target.length - done, position + done);
      if (got === 0) break;
      done += got;
    }
    return done;
  },
  create: (path) => fs.openSync(path, 'wx', FILE_MODE),
  async write(fd, bytes, position) {
    const { bytesWritten } = await write(fd, bytes, 0, bytes.length, position);
    return bytesWritten;
  },
  syncData: fdatasync,
  truncate: ftruncate,
  close: fs.closeSync,
  syncDirectory: (directory) => {
    withFile(directory, 'r', fs.fsyncSync);
  },
  writeWhole(path, bytes) {
    withFile(path, 'w', (fd) => {
      fs.writeFileSync(fd, bytes);
      fs.fsyncSync(fd);
    });
  },
  cut(path, length) {
    withFile(path, 'r+', (fd) => {
      fs.ftruncateSync(fd, length);
      fs.fsyncSync(fd);
    });
  },
  rename: fs.renameSync,
  remove: fs.unlinkSync,
};

function withFile(path: string, flags: string, use: (fd: number) => void): void {
  const fd = fs.openSync(path, flags, FILE_MODE);
  try {
    use(fd);
  } finally {
    fs.closeSync(fd);
  }
}
