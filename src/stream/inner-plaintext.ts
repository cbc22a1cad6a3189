import { processId, type ProcessKey, type TlsDataEvent } from '../event/index.js';

/** Calls that wait for another of their records. */
const PENDING_MAX = 256;
/** RFC 8446, 5.1. */
const APPLICATION_DATA = 23;

interface Pending {
  readonly events: TlsDataEvent[];
  bytes: number;
  /** A drain of every ring ended while it was incomplete. */
  drained: boolean;
}

/**
 * Takes the content type and the padding off TLS 1.3 records (RFC 8446, 5.4), whose end can be told only when all of a
 * record is there. Everything else goes through. Bytes are copies where they had to wait.
 */
export class InnerPlaintext {
  readonly #pending = new Map<string, Pending>();
  readonly #stats = { padded: 0, notData: 0, incomplete: 0 };

  on(event: TlsDataEvent): TlsDataEvent[] {
    const session = sessionOf(event.key, event.ssl, event.direction);
    const before = this.#pending.get(session);
    const isOther = before !== undefined && before.events[0]?.call !== event.call;
    const given = isOther ? this.#giveUp(session, before) : [];
    if (event.layer !== 'inner') return [...given, event];
    // The end was cut off by the limit of a call: nothing tells where the data end.
    if (event.kept < event.original) return [...given, asRecord(event)];
    const pending = isOther || before === undefined ? this.#begin(session, given) : before;
    pending.events.push({ ...event, bytes: new Uint8Array(event.bytes) });
    pending.bytes += event.bytes.length;
    if (pending.bytes < event.kept) return given;
    this.#pending.delete(session);
    return [...given, ...this.#strip(pending, event)];
  }

  /** Every ring was empty: what is incomplete after a second such moment stays so. */
  drained(): TlsDataEvent[] {
    return [...this.#pending].flatMap(([session, pending]) => {
      if (pending.drained) return this.#giveUp(session, pending);
      pending.drained = true;
      return [];
    });
  }

  /** A process ended, or runs another program. */
  exit(key: ProcessKey): TlsDataEvent[] {
    const process = `${processId(key)}/`;
    return [...this.#pending]
      .filter(([session]) => session.startsWith(process))
      .flatMap(([session, pending]) => this.#giveUp(session, pending));
  }

  stats(): { pending: number; padded: number; notData: number; incomplete: number } {
    return { pending: this.#pending.size, ...this.#stats };
  }

  #begin(session: string, given: TlsDataEvent[]): Pending {
    const [oldest] = this.#pending;
    if (oldest !== undefined && this.#pending.size >= PENDING_MAX) {
      given.push(...this.#giveUp(...oldest));
    }
    const fresh = { events: [], bytes: 0, drained: false };
    this.#pending.set(session, fresh);
    return fresh;
  }

  /** Records of one call do not overlap (wire.h): as many bytes as were kept are all of them. */
  #strip({ events }: Pending, last: TlsDataEvent): TlsDataEvent[] {
    const bytes = new Uint8Array(last.kept);
    for (const event of events) {
      if (event.offset + event.bytes.length <= bytes.length) bytes.set(event.bytes, event.offset);
    }
    const end = bytes.findLastIndex((byte) => byte !== 0);
    if (bytes[end] !== APPLICATION_DATA) {
      this.#stats.notData += 1;
      return [];
    }
    this.#stats.padded += 1;
    if (end === 0) return [];
    const sizes = { original: end, kept: end, offset: 0 };
    return [{ ...last, ...sizes, layer: 'record', bytes: bytes.subarray(0, end) }];
  }

  /** What came of it is told, and what is missing is missing further on. */
  #giveUp(session: string, { events }: Pending): TlsDataEvent[] {
    this.#pending.delete(session);
    this.#stats.incomplete += 1;
    return events.map(asRecord);
  }
}

const sessionOf = (key: ProcessKey, ssl: bigint, direction: string): string =>
  `${processId(key)}/${ssl}/${direction}`;

/** Without the content type, which is the last byte when there is no padding. */
function asRecord(event: TlsDataEvent): TlsDataEvent {
  const original = Math.max(0, event.original - 1);
  const kept = Math.min(event.kept, original);
  const bytes = event.bytes.subarray(0, Math.max(0, kept - event.offset));
  return { ...event, layer: 'record', original, kept, bytes };
}
