import { processId, type ProcessId, type ProcessKey } from '../event/index.js';
import { HttpConnection } from '../http/index.js';
import { EarlyAnswer } from './early-answer.js';

const SESSIONS_MAX = 16_384;
/** What all connections may hold together. What one may is bounded by itself, but whoever is watched can have many. */
const HELD_MAX_BYTES = 64 * 1024 * 1024;
/** Of one that holds nothing. */
const SESSION_BYTES = 2048;

/** One TLS session. `Open`: what waits for an answer on it. */
export interface HttpSession<Open> {
  readonly id: string;
  readonly http: HttpConnection;
  readonly early: EarlyAnswer;
  readonly open: Map<number, Open>;
  /** As it was counted last. */
  heldBytes: number;
}

/** The sessions whose plaintext is read as HTTP. The one that was silent longest goes first. */
export class HttpSessions<Open> {
  /** In the order of use. */
  readonly #sessions = new Map<string, HttpSession<Open>>();
  #heldBytes = 0;

  get(key: ProcessKey, ssl: bigint): HttpSession<Open> | undefined {
    return this.#sessions.get(sessionId(key, ssl));
  }

  /** Begins where there is none. */
  use(key: ProcessKey, ssl: bigint): HttpSession<Open> {
    const id = sessionId(key, ssl);
    const known = this.#sessions.get(id);
    const session = known ?? {
      ...{ id, http: new HttpConnection(), early: new EarlyAnswer() },
      ...{ open: new Map<number, Open>(), heldBytes: 0 },
    };
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    return session;
  }

  /** What it holds may have changed. */
  count(session: HttpSession<Open>): void {
    const heldBytes = SESSION_BYTES + session.http.heldBytes;
    this.#heldBytes += heldBytes - session.heldBytes;
    session.heldBytes = heldBytes;
  }

  /** The one to be closed, because there are too many or they hold too much; undefined: all is well. */
  surplus(): HttpSession<Open> | undefined {
    const isTooMuch = this.#sessions.size > SESSIONS_MAX || this.#heldBytes > HELD_MAX_BYTES;
    const [oldest] = isTooMuch ? this.#sessions.values() : [];
    return oldest;
  }

  remove(session: HttpSession<Open>): void {
    if (!this.#sessions.delete(session.id)) return;
    this.#heldBytes -= session.heldBytes;
  }

  stats(): { sessions: number; heldBytes: number } {
    return { sessions: this.#sessions.size, heldBytes: this.#heldBytes };
  }
}

const sessionId = (key: ProcessKey, ssl: bigint): `${ProcessId}/${bigint}` =>
  `${processId(key)}/${ssl}`;
