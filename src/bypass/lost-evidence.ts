import type { RingName } from '../event/index.js';

/** When each ring last lost something. What was not seen in that time was not measured. */
export class LostEvidence {
  readonly #lastNs = new Map<RingName, bigint>();

  /** A loss is noticed after it happened, never before. */
  note(ring: RingName, noticedNs: bigint): void {
    const before = this.#lastNs.get(ring) ?? -1n;
    if (noticedNs > before) this.#lastNs.set(ring, noticedNs);
  }

  since(ring: RingName, fromNs: bigint): boolean {
    return (this.#lastNs.get(ring) ?? -1n) >= fromNs;
  }
}
