/** What was told before, as far as there is room: the oldest is forgotten, and would be told again. */
export class SeenSet {
  readonly #limit: number;
  readonly #seen = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False: it was there. */
  add(text: string): boolean {
    if (this.#seen.has(text)) return false;
    const [oldest] = this.#seen;
    if (oldest !== undefined && this.#seen.size >= this.#limit) this.#seen.delete(oldest);
    this.#seen.add(text);
    return true;
  }
}
