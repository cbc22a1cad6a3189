import type { Mark } from './mark.js';

const TEXTS_MAX = 2048;
const CHARACTERS_MAX = 512;

/**
 * Texts that came out of a cleaning as they went in: the same few programs, directories and agents are in most records.
 * Full, all are forgotten, and cleaned again when they come.
 */
export class Remembered {
  readonly #clean: (text: string, mark: Mark) => string;
  readonly #texts = new Set<string>();

  constructor(clean: (text: string, mark: Mark) => string) {
    this.#clean = clean;
  }

  clean(text: string, mark: () => Mark): string {
    if (text === '' || this.#texts.has(text)) return text;
    const cleaned = this.#clean(text, mark());
    // A mark never looks like what it stands for, so nothing was counted either.
    if (cleaned !== text || text.length > CHARACTERS_MAX) return cleaned;
    if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
    this.#texts.add(text);
    return cleaned;
  }
}
