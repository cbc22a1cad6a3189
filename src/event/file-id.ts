/** A file as the kernel knows it. */
export interface FileId {
  /** The kernel's s_dev: major << 20 | minor. */
  readonly dev: bigint;
  readonly inode: bigint;
}

const MINOR_BITS = 20n;

/** What is on none (overlays, btrfs, tmpfs) has major 0; of the kernel's s_dev. */
export const isOnBlockDevice = ({ dev }: FileId): boolean => dev >> MINOR_BITS !== 0n;

export const fileIdText = (file: FileId): string => `${file.dev}:${file.inode}`;

/** One content of a file: what device and inode name may change, and then its change time does. */
export interface ImageId extends FileId {
  /** st_ctime, which no unprivileged process can set back; Unix nanoseconds. */
  readonly changedNs: bigint;
  readonly size: bigint;
}

export const imageIdText = (image: ImageId): string =>
  `${image.dev}:${image.inode}:${image.changedNs}:${image.size}`;
