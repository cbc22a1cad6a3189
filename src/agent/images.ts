import { imageIdText, type ImageFact, type ImageId } from '../event/index.js';

const IMAGES_MAX = 4096;

/** What executable files hold, as far as it was asked: one content of a file never changes. */
export class Images {
  readonly #facts = new Map<string, ImageFact>();

  learn(fact: ImageFact): void {
    // Another process may have the file that this one lost.
    if (fact.gone) return;
    const [oldest] = this.#facts.keys();
    if (oldest !== undefined && this.#facts.size >= IMAGES_MAX) this.#facts.delete(oldest);
    this.#facts.set(imageIdText(fact.image), fact);
  }

  of(image: ImageId | null): ImageFact | null {
    return image === null ? null : (this.#facts.get(imageIdText(image)) ?? null);
  }
}
