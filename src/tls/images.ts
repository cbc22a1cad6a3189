import { imageIdText, isOnBlockDevice, type ImageId, type TlsStack } from '../event/index.js';

const IMAGES_MAX = 4096;

/** Which stacks a program holds itself: a process that runs a known one need not be looked at for it. */
export class Images {
  readonly #known = new Map<string, readonly TlsStack[]>();

  /** null: not known yet. */
  get(image: ImageId): readonly TlsStack[] | null {
    return this.#known.get(imageIdText(image)) ?? null;
  }

  /** `mapped`: of a process that runs it. */
  learn(image: ImageId, mapped: readonly TlsStack[]): void {
    const id = imageIdText(image);
    // Overlays and btrfs, which have no block device, give user space another number than the kernel has inside.
    const isPlain = isOnBlockDevice(image);
    const own = mapped.filter(
      ({ file }) => file.inode === image.inode && (!isPlain || file.dev === image.dev),
    );
    this.#known.delete(id);
    this.#known.set(id, own);
    const oldest = this.#known.keys().next();
    if (this.#known.size > IMAGES_MAX && oldest.done !== true) this.#known.delete(oldest.value);
  }
}
