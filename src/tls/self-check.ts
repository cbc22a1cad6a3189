import { processId, type ProcessKey, type TlsDataEvent } from '../event/index.js';
import { plausibleRole, type Role } from './plausible.js';

const SESSIONS_MAX = 16_384;
/** Calls of a session that may say nothing known. */
export const CALLS_MAX = 8;
/** `open`: not told yet. */
export type Verdict = 'open' | 'plausible' | 'implausible';

interface Session {
  readonly attachment: number | null;
  verdict: Verdict;
  /** Calls that said nothing known. */
  calls: number;
  lastCall: bigint;
  /** What each direction began with. */
  write: Role | null;
  read: Role | null;
  /** A contradiction was counted, or there is nothing more to look at. */
  done: boolean;
}

/** Are the first bytes of a session what an application says? Asked until there is an answer. */
export class SelfCheck {
  readonly #sessions = new Map<string, Session>();
  readonly #stats = { implausible: 0, contradictions: 0, evicted: 0 };

  /**
   * `isClient`: the session goes over a connection that its process opened, so that side asks. Where records are sealed
   * there is nothing to ask: each was compared with its own header, which has its length and type (bpf/lib/aead.h), and
   * what has a name there is one direction under one key, which begins in the middle of a conversation.
   */
  on(event: TlsDataEvent, isClient: () => boolean): Verdict {
    if (event.layer !== 'stream') return 'plausible';
    const session = this.#session(event);
    // Only how a call begins is looked at, and each call once.
    const isLooked = event.offset !== 0 || event.bytes.length === 0;
    if (session.done || isLooked || event.call === session.lastCall) return session.verdict;
    session.lastCall = event.call;
    this.#look(session, event, isClient);
    return session.verdict;
  }

  free(key: ProcessKey, ssl: bigint): void {
    this.#sessions.delete(sessionId(key, ssl));
  }

  /** `sessions`: whose first bytes are remembered. `contradictions`: both sides asked, or both answered. */
  stats(): { sessions: number; implausible: number; contradictions: number; evicted: number } {
    return { sessions: this.#sessions.size, ...this.#stats };
  }

  #look(session: Session, event: TlsDataEvent, isClient: () => boolean): void {
    const { direction } = event;
    const { bytes, original } = event;
    const role = session[direction] === null ? plausibleRole(bytes, original) : null;
    session.calls += role === null ? 1 : 0;
    session[direction] ??= role;
    const isOver = session.calls >= CALLS_MAX;
    session.done = isOver || (session.write !== null && session.read !== null);
    if (role !== null && isAgainst(session, direction, isClient)) {
      this.#stats.contradictions += 1;
      session.done = true;
      if (session.verdict === 'open') session.verdict = 'implausible';
    } else if (role !== null) {
      session.verdict = 'plausible';
    } else if (isOver && session.verdict === 'open') {
      session.verdict = 'implausible';
    }
    if (session.verdict === 'implausible') this.#stats.implausible += 1;
  }

  #session({ key, ssl, attachment }: TlsDataEvent): Session {
    const id = sessionId(key, ssl);
    const known = this.#sessions.get(id);
    // Through another stack it is another session, at an address that came again.
    if (known?.attachment === attachment) return known;
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined && known === undefined && this.#sessions.size >= SESSIONS_MAX) {
      this.#sessions.delete(oldest);
      this.#stats.evicted += 1;
    }
    const fresh: Session = {
      attachment,
      verdict: 'open',
      calls: 0,
      lastCall: -1n,
      write: null,
      read: null,
      done: false,
    };
    this.#sessions.set(id, fresh);
    return fresh;
  }
}

/** Both sides ask, both answer, or who called answers. Of a session whose roles could be either nothing is said. */
function isAgainst(
  session: Session,
  direction: 'write' | 'read',
  isClient: () => boolean,
): boolean {
  const { write, read } = session;
  if (write !== null && write === read && write !== 'either') return true;
  const wrong = direction === 'write' ? 'answers' : 'asks';
  return session[direction] === wrong && isClient();
}

const sessionId = ({ tgid, startNs }: ProcessKey, ssl: bigint): string =>
  `${processId({ tgid, startNs })}/${ssl}`;
