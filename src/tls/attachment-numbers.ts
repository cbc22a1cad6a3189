import type { Attachment } from './attachment.js';

const NUMBERS_MAX = 4096;

/**
 * Which stack plaintext came through, by the number its probes had. Those of probes that are gone stay for what is still
 * under way, until their room is needed.
 */
export class AttachmentNumbers {
  readonly #byNumber = new Map<number, Attachment>();
  #evicted = 0;

  set(number: number, attachment: Attachment): void {
    attachment.number = number;
    this.#byNumber.set(number, attachment);
    if (this.#byNumber.size <= NUMBERS_MAX) return;
    for (const [old, { number: current, state }] of this.#byNumber) {
      if (old === number || (old === current && state === 'attached')) continue;
      this.#byNumber.delete(old);
      this.#evicted += 1;
      return;
    }
  }

  /** null: not told, or forgotten. */
  get(number: number | null): Attachment | null {
    return number === null ? null : (this.#byNumber.get(number) ?? null);
  }

  get evicted(): number {
    return this.#evicted;
  }
}
