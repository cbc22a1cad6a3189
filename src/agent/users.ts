import type { UserFact } from '../event/index.js';

const USERS_MAX = 4096;

/** Names of accounts met so far. */
export class Users {
  readonly #names = new Map<number, string>();

  learn({ uid, user }: UserFact): void {
    const [oldest] = this.#names.keys();
    if (oldest !== undefined && this.#names.size >= USERS_MAX) this.#names.delete(oldest);
    this.#names.set(uid, user);
  }

  nameOf(uid: number): string | null {
    return this.#names.get(uid) ?? null;
  }
}
