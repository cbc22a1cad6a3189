/** A map with a limit: the entry used longest ago makes room. */
export class LruMap<K, V> {
  readonly #limit: number;
  readonly #entries = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Reading counts as use. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** Gives back the entry that had to go. */
  set(key: K, value: V): { key: K; value: V } | null {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return null;
    const [oldest] = this.#entries;
    if (oldest === undefined) return null;
    this.#entries.delete(oldest[0]);
    return { key: oldest[0], value: oldest[1] };
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }
}
