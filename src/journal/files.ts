import * as fs from 'node:fs';
import { promisify } from 'node:util';

/** What the journal asks of a file system. Tests give one that fails. Errors are Node's, with a `code`. */
export interface Files {
  makeDirectory(path: string): void;
  list(directory: string): string[];
  /** Of the name itself, not of what a link points to. */
  stat(path: string): FileStat;
  /** Bytes a file system still has for us. */
  free(directory: string): number;
  openToRead(path: string): number;
  /** Bytes read; less than asked only at the end of the file. */
  read(fd: number, target: Uint8Array, position: number): number;
  /** A file nobody else made. */
  create(path: string): number;
  openToWrite(path: string): number;
  /** Bytes written, which may be fewer than given. */
  write(fd: number, bytes: Uint8Array, position: number): Promise<number>;
  syncData(fd: number): Promise<void>;
  truncate(fd: number, length: number): Promise<void>;
  close(fd: number): void;
  /** Makes a file's bytes, or the names in a directory, durable. */
  syncNow(path: string): void;
  syncSoon(path: string): Promise<void>;
  /** A whole file under a draft's name, made durable, then renamed: nobody ever sees half of it. Its name is not durable. */
  replaceSoon(path: string, bytes: Uint8Array): Promise<void>;
  /** A whole file whose bytes are durable when it returns; its name is not. */
  writeWhole(path: string, bytes: Uint8Array): void;
  /** Cuts a file, durable when it returns. */
  cut(path: string, length: number): void;
  /** A second name for a file; EEXIST where there is such a name. */
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

export interface FileStat {
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly modifiedMs: number;
  /** A file, not a link, directory, device or pipe. */
  readonly regular: boolean;
}

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;
/** A link would lead out of the directory, and a pipe would make us wait. */
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
const REPLACE = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;
const CHANGE = O_RDWR | O_NOFOLLOW;

const open = promisify(fs.open);
const close = promisify(fs.close);
const write = promisify(fs.write);
const writeFile = promisify(fs.writeFile);
const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);
const ftruncate = promisify(fs.ftruncate);
const rename = promisify(fs.rename);

export const realFiles: Files = {
  makeDirectory(path) {
    fs.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
    fs.chmodSync(path, DIRECTORY_MODE);
  },
  list: (directory) => fs.readdirSync(directory),
  stat(path) {
    const stat = fs.lstatSync(path);
    return { bytes: stat.size, modifiedMs: stat.mtimeMs, regular: stat.isFile() };
  },
  free(directory) {
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize;
  },
  openToRead: (path) => fs.openSync(path, READ),
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
  openToWrite: (path) => fs.openSync(path, CHANGE),
  async write(fd, bytes, position) {
    const { bytesWritten } = await write(fd, bytes, 0, bytes.length, position);
    return bytesWritten;
  },
  syncData: fdatasync,
  truncate: ftruncate,
  close: fs.closeSync,
  syncNow(path) {
    withFile(path, READ, fs.fsyncSync);
  },
  async syncSoon(path) {
    const fd = await open(path, READ);
    try {
      await fsync(fd);
    } finally {
      await close(fd);
    }
  },
  async replaceSoon(path, bytes) {
    const draft = `${path}.new`;
    const fd = await open(draft, REPLACE, FILE_MODE);
    try {
      await writeFile(fd, bytes);
      await fsync(fd);
    } finally {
      await close(fd);
    }
    await rename(draft, path);
  },
  writeWhole(path, bytes) {
    withFile(path, REPLACE, (fd) => {
      fs.writeFileSync(fd, bytes);
      fs.fsyncSync(fd);
    });
  },
  cut(path, length) {
    withFile(path, CHANGE, (fd) => {
      fs.ftruncateSync(fd, length);
      fs.fsyncSync(fd);
    });
  },
  link: fs.linkSync,
  rename: fs.renameSync,
  remove: fs.unlinkSync,
};

function withFile(path: string, flags: number, use: (fd: number) => void): void {
  const fd = fs.openSync(path, flags, FILE_MODE);
  try {
    use(fd);
  } finally {
    fs.closeSync(fd);
  }
}
