import type { Owner } from '../test/helpers/children.js';

/** Collects what must be ended, and ends it last first. */
export class Ends implements Owner {
  readonly #ends: (() => unknown)[] = [];

  teardown(end: () => unknown): void {
    this.#ends.push(end);
  }

  async all(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}
