const CONNECTIONS_MAX = 4096;

/** Up to where in a connection its ClientHello goes, and what came before it. */
export class HelloBytes {
  readonly #bytes = new Map<bigint, number>();

  /** `end`: payload bytes of the connection up to here. */
  add(cookie: bigint, end: number): void {
    const before = this.#bytes.get(cookie);
    const [oldest] = this.#bytes.keys();
    if (oldest !== undefined && before === undefined && this.#bytes.size >= CONNECTIONS_MAX) {
      // A connection without a ClientHello leaves its first bytes here.
      this.#bytes.delete(oldest);
    }
    this.#bytes.set(cookie, Math.max(before ?? 0, end));
  }

  /** 0: not known. */
  take(cookie: bigint): number {
    const bytes = this.#bytes.get(cookie) ?? 0;
    this.#bytes.delete(cookie);
    return bytes;
  }
}
