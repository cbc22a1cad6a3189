/** What one process, one user and all together may take of the daemon. */
export interface Limits {
  /** At once, in all. */
  readonly connections: number;
  readonly connectionsPerUid: number;
  /** In a burst, and then in a second. */
  readonly messagesPerSecond: number;
  readonly messagesPerSecondPerUid: number;
  /** How long nothing more is read of a client that was told that it says too much. */
  readonly restMs: number;
  /** Without a message, or with an answer that is not taken. */
  readonly idleMs: number;
  /** For the daemon to answer a registration. */
  readonly answerMs: number;
  /** For a client to take its last answer and go. */
  readonly goodbyeMs: number;
}

export const LIMITS: Limits = {
  connections: 256,
  connectionsPerUid: 32,
  messagesPerSecond: 100,
  messagesPerSecondPerUid: 1000,
  restMs: 100,
  idleMs: 30_000,
  answerMs: 5000,
  goodbyeMs: 1000,
};

/** A token bucket: `perSecond` at once, and as many in each second. */
export class Rate {
  #tokens: number;
  #atMs: number;

  constructor(
    private readonly perSecond: number,
    nowMs: number,
  ) {
    this.#tokens = perSecond;
    this.#atMs = nowMs;
  }

  /** Whether there is one more. */
  take(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** As if nothing had ever been taken. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= this.perSecond;
  }

  #fill(nowMs: number): void {
    const sinceMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.perSecond, this.#tokens + (sinceMs * this.perSecond) / 1000);
    this.#atMs = nowMs;
  }
}

interface User {
  connections: number;
  readonly rate: Rate;
}

/**
 * Users that have a connection, or had one a moment ago: who comes back with a new connection finds the rate it left. Whoever
 * has neither a connection nor used up anything is forgotten when the next one comes, which changes nothing for anybody.
 */
export class Users {
  readonly #users = new Map<number, User>();

  constructor(private readonly limits: Limits) {}

  /** Whether this user may have one more connection; it has it then. */
  enter(uid: number, nowMs: number): boolean {
    const user = this.#users.get(uid) ?? this.#add(uid, nowMs);
    if (user.connections >= this.limits.connectionsPerUid) return false;
    user.connections += 1;
    return true;
  }

  leave(uid: number): void {
    const user = this.#users.get(uid);
    if (user !== undefined) user.connections -= 1;
  }

  /** Whether this user, who has a connection, may say one more thing. */
  take(uid: number, nowMs: number): boolean {
    return this.#users.get(uid)?.rate.take(nowMs) ?? false;
  }

  get size(): number {
    return this.#users.size;
  }

  #add(uid: number, nowMs: number): User {
    for (const [other, { connections, rate }] of this.#users) {
      if (connections === 0 && rate.isFull(nowMs)) this.#users.delete(other);
    }
    const user = { connections: 0, rate: new Rate(this.limits.messagesPerSecondPerUid, nowMs) };
    this.#users.set(uid, user);
    return user;
  }
}
