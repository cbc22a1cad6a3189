/** A file as the kernel knows it. */
export interface FileId {
  /** The kernel's s_dev: major << 20 | minor. */
  readonly dev: bigint;
  readonly inode: bigint;
}

export const fileIdText = (file: FileId): string => `${file.dev}:${file.inode}`;

/** One content of a file: what device and inode name may change, and then its change time does. */
export interface ImageId extends FileId {
  /** st_ctime, which no unprivileged process can set back; Unix nanoseconds. */
  readonly changedNs: bigint;
  readonly size: bigint;
}

export const imageIdText = (image: ImageId): string =>
  `${image.dev}:${image.inode}:${image.changedNs}:${image.size}`;
