import { createHash } from 'node:crypto';
import { statfsSync, type BigIntStats } from 'node:fs';
import { isOnBlockDevice, type FileId, type ImageId } from '../event/index.js';

/** OVERLAYFS_SUPER_MAGIC, linux/magic.h. */
const OVERLAYFS = 0x794c7630;
/** Above every number of a device, which has 32 bits. */
const BELOW_AN_OVERLAY = 0x794cn << 48n;
const HASH_BYTES = 6;

/** The device number of stat(2) as the kernel's s_dev: glibc spreads major and minor over 64 bits (makedev(3)). */
export const kernelDev = (dev: bigint): bigint => {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return (major << 20n) | minor;
};

export const fileIdOf = (stat: BigIntStats): FileId => ({
  dev: kernelDev(stat.dev),
  inode: stat.ino,
});

export const imageIdOf = (stat: BigIntStats): ImageId => ({
  ...fileIdOf(stat),
  changedNs: stat.ctimeNs,
  size: stat.size,
});

export const sameFile = (a: FileId, b: FileId): boolean => a.dev === b.dev && a.inode === b.inode;

/**
 * The file the kernel would set probes in. Each container has the files of its image on an overlay, which is a device of its
 * own; probes go into the one file below (d_real_inode), and of that the overlay passes on the number and the time of
 * birth, which nothing that is done to the file changes. It stands in the place of its device, which nobody up here can
 * know. Who makes two files equal in both has one without probes, and that is what the look at probes tells.
 * `path`: of the file, or of its descriptor in /proc.
 */
export const probedFileOf = (path: string, stat: BigIntStats): FileId => {
  const seen = fileIdOf(stat);
  if (isOnBlockDevice(seen) || !isOnOverlay(path)) return seen;
  // Some file systems do not know when a file was born.
  const { birthtimeNs, ctimeNs, size } = stat;
  const born = birthtimeNs === 0n ? `${ctimeNs}:${size}` : `${birthtimeNs}`;
  const below = createHash('sha256').update(born).digest().readUIntLE(0, HASH_BYTES);
  return { dev: BELOW_AN_OVERLAY | BigInt(below), inode: seen.inode };
};

const isOnOverlay = (path: string): boolean => {
  try {
    return statfsSync(path).type === OVERLAYFS;
  } catch {
    return false;
  }
};
