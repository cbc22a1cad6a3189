import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { keepSome, readWriteLog, type DiskWrite } from './write-log.js';

const BYTES = 256 * 1024 * 1024;

/** How many writes were in the disk's cache when the power went, and how many of them were lost or cut short. */
export interface CacheLoss {
  readonly cached: number;
  readonly lost: number;
}

/** The guest's disk, what it was before this boot, and a log of what was written since. */
export class PowerDisk {
  readonly disk: string;
  readonly log: string;
  private readonly before: string;

  constructor(private readonly directory: string) {
    [this.disk, this.log, this.before] = [
      join(directory, 'disk'),
      join(directory, 'log'),
      join(directory, 'before'),
    ];
    writeFileSync(this.disk, '');
    truncateSync(this.disk, BYTES);
    // At once: no thread of the guest is to write zeros to it later.
    const whole = 'lazy_itable_init=0,lazy_journal_init=0';
    execFileSync('mkfs.ext4', ['-q', '-F', '-E', whole, this.disk]);
  }

  beginBoot(): void {
    copy(this.disk, this.before);
    writeFileSync(this.log, '');
  }

  /**
   * Makes the disk one that lost what it had in its cache: some writes, some parts of writes. Null: the log does not tell,
   * and nothing was done.
   */
  loseCache(pick: (below: number) => number): CacheLoss | null {
    const log = readWriteLog(this.log);
    if (log === null) return null;
    const kept = log.cached.map((one) => keepSome(one, pick));
    copy(this.before, this.disk);
    write(this.disk, [...log.flushed, ...kept]);
    const lost = log.cached.filter(
      ({ bytes }, index) => kept[index]?.bytes.length !== bytes.length,
    );
    return { cached: log.cached.length, lost: lost.length };
  }

  /** Mounts a copy, which lets ext4 replay its own journal without changing what the next boot finds. */
  inspect<T>(mountPoint: string, look: () => Promise<T>): Promise<T> {
    const image = join(this.directory, 'copy');
    copy(this.disk, image);
    mount(image, mountPoint);
    return look().finally(() => {
      execFileSync('umount', [mountPoint]);
      rmSync(image);
    });
  }
}

function mount(image: string, mountPoint: string): void {
  try {
    execFileSync('mount', ['-o', 'loop', image, mountPoint], { stdio: 'ignore' });
  } catch {
    throw new Error('the file system does not mount: it lost more than the journal could tell');
  }
}

function copy(from: string, to: string): void {
  execFileSync('cp', ['--sparse=always', from, to]);
}

function write(file: string, writes: readonly DiskWrite[]): void {
  const fd = openSync(file, 'r+');
  try {
    for (const { offset, bytes } of writes) writeSync(fd, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(fd);
  }
}
