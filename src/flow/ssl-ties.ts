import { processId, type ProcessId, type TlsDataEvent, type TlsSendEvent } from '../event/index.js';
import { LruMap } from './lru-map.js';

const TIES_MAX = 65_536;
/** TLS 1.3: 5 of header, 1 of type, 16 of tag; at most 2^14 bytes of plaintext in a record (RFC 8446 5). */
const RECORD_OVERHEAD = 22;
const RECORD_MAX = 16_384;

/** Ascending. `order`: the same thread's next send or last receive. `length`: and the send was long enough. */
const STRENGTH = { order: 1, length: 2, nested: 3 } as const;
type TieStrength = keyof typeof STRENGTH;

interface Evidence {
  readonly process: ProcessId;
  readonly ssl: bigint;
  readonly cookie: bigint;
  readonly strength: TieStrength;
}

interface Tie {
  readonly process: ProcessId;
  cookie: bigint;
  strength: TieStrength;
}

/** A send can have carried this write: more would be needed for every record of it. */
function strengthOfSend(plainBytes: number, sentBytes: number): TieStrength {
  const records = Math.max(1, Math.ceil(plainBytes / RECORD_MAX));
  return sentBytes >= plainBytes + RECORD_OVERHEAD * records ? 'length' : 'order';
}

/** Which socket a TLS session uses. */
export class SslTies {
  readonly #ties = new LruMap<string, Tie>(TIES_MAX);
  readonly #ofProcess = new Map<ProcessId, Set<string>>();
  readonly #stats = { evictedTies: 0, contradictions: 0, corrections: 0 };

  cookieOf(process: ProcessId, ssl: bigint): bigint | null {
    return this.#ties.get(tieId(process, ssl))?.cookie ?? null;
  }

  /**
   * Keeps the first tie against evidence no stronger than its own; only a stronger kind corrects a guess.
   * `isOver`: the socket of the tie is closed, so the session may have been given another.
   */
  on(event: TlsSendEvent | TlsDataEvent, isOver: (cookie: bigint) => boolean): void {
    const process = processId(event.key);
    const { ssl } = event;
    if (event.kind === 'tls_send') {
      const strength = strengthOfSend(event.plainBytes, event.sentBytes);
      this.#learn({ process, ssl, cookie: event.cookie, strength }, isOver);
    } else if (event.socketCookie !== null) {
      this.#learn({ process, ssl, cookie: event.socketCookie, strength: 'nested' }, isOver);
    } else if (event.direction === 'read' && event.lastReceive !== null) {
      this.#learn({ process, ssl, cookie: event.lastReceive, strength: 'order' }, isOver);
    }
  }

  free(process: ProcessId, ssl: bigint): void {
    this.#remove(tieId(process, ssl), process);
  }

  exit(process: ProcessId): void {
    for (const id of this.#ofProcess.get(process) ?? []) this.#ties.delete(id);
    this.#ofProcess.delete(process);
  }

  stats(): { ties: number; evictedTies: number; contradictions: number; corrections: number } {
    return { ties: this.#ties.size, ...this.#stats };
  }

  #learn(evidence: Evidence, isOver: (cookie: bigint) => boolean): void {
    const { process, ssl, cookie, strength } = evidence;
    const id = tieId(process, ssl);
    const tie = this.#ties.get(id);
    if (tie === undefined) {
      this.#add(id, { process, cookie, strength });
      return;
    }
    const isStronger = STRENGTH[strength] > STRENGTH[tie.strength];
    if (tie.cookie === cookie) {
      if (isStronger) tie.strength = strength;
      return;
    }
    const over = isOver(tie.cookie);
    if (!over) this.#stats[isStronger ? 'corrections' : 'contradictions'] += 1;
    if (!over && !isStronger) return;
    tie.cookie = cookie;
    tie.strength = strength;
  }

  #add(id: string, tie: Tie): void {
    const ids = this.#ofProcess.get(tie.process) ?? new Set();
    this.#ofProcess.set(tie.process, ids.add(id));
    const evicted = this.#ties.set(id, tie);
    if (evicted === null) return;
    this.#stats.evictedTies += 1;
    this.#remove(evicted.key, evicted.value.process);
  }

  #remove(id: string, process: ProcessId): void {
    this.#ties.delete(id);
    const ids = this.#ofProcess.get(process);
    ids?.delete(id);
    if (ids?.size === 0) this.#ofProcess.delete(process);
  }
}

const tieId = (process: ProcessId, ssl: bigint): string => `${process}/${ssl}`;
