import { JournalCursor } from '../journal/index.js';
import type { JournalEntry } from '../journal/index.js';
import type { Outgoing } from '../nats/index.js';
import { readHeader } from '../record/index.js';
import type { Packed, Packer } from './packer.js';

export interface FeedMessage extends Outgoing {
  readonly records: number;
  /** The record did not fit whole, and this is what the packer made of it. */
  readonly shrunk: boolean;
  /** The packer cannot make it smaller. */
  readonly final: boolean;
  /** When its first record happened, Unix milliseconds. */
  readonly wallMs: number;
  /** Of the checkpoints in it, the largest size they sign; 0: there is none. */
  readonly covers: bigint;
}

/** What a broker takes, as far as it is known. */
export interface FeedLimits {
  /** Of a body; a record above it is shrunk. */
  readonly largest: number;
  /** Of a body of several records. */
  readonly packBytes: number;
}

export type Fed =
  | { readonly state: 'message'; readonly message: FeedMessage }
  /** The time is up; there may be more. */
  | { readonly state: 'more' }
  /** Everything up to `until` was given. */
  | { readonly state: 'end' };

/** Records that retention took, or that are damaged, before they were sent. */
export interface Missed {
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
}

interface Forming {
  readonly parts: Packed[];
  readonly first: bigint;
  readonly wallMs: number;
  last: bigint;
  bytes: number;
}

/** What a body costs in a message besides itself. */
const PART_BYTES = 4;
/** Records between two looks at the clock. */
const STRIDE = 16;

/** The journal as messages of one stream, in order. Reads only; keeps one message at most. */
export class Feed {
  private cursor: JournalCursor;
  private entries: Iterator<JournalEntry> | null = null;
  private forming: Forming | null = null;
  private ready: FeedMessage[] = [];
  private position: bigint;
  /** Records up to this number go out under other ids: the broker may know them by those of before. */
  private again: { readonly until: bigint; readonly suffix: string } | null = null;

  constructor(
    private readonly directory: string,
    private readonly packer: Packer,
    after: bigint,
    private readonly onMissed: (missed: Missed) => void,
  ) {
    this.cursor = new JournalCursor(directory, { after });
    this.position = after;
  }

  /** Everything up to this number was given as messages, or needs none. */
  get given(): bigint {
    const first = this.ready[0]?.first ?? this.forming?.first;
    return first === undefined ? this.position : first - 1n;
  }

  /** Reads again from behind a number; `suffix` ends the ids of what was read before. */
  seek(after: bigint, suffix?: string): void {
    if (suffix !== undefined) this.again = { until: this.position, suffix };
    this.close();
    this.cursor = new JournalCursor(this.directory, { after });
    this.forming = null;
    this.ready = [];
    this.position = after;
  }

  /** The next message, or why there is none yet; `isLate` is asked now and then. */
  next(until: bigint, limits: FeedLimits, isLate: () => boolean): Fed {
    for (let count = 1; ; count += 1) {
      const message = this.ready.shift();
      if (message !== undefined) return { state: 'message', message };
      const entry = this.read(until);
      if (entry === null) {
        if (this.forming === null) return { state: 'end' };
        this.finish();
        continue;
      }
      if ('damage' in entry) this.miss(entry.damage);
      else this.take(entry.seq, entry.bytes, limits);
      if (count % STRIDE === 0 && isLate()) return { state: 'more' };
    }
  }

  /** Lets go of the file it reads. */
  close(): void {
    this.entries?.return?.();
    this.entries = null;
  }

  private read(until: bigint): JournalEntry | null {
    // A read that reached its end goes on where it ended, with what was committed since.
    this.entries ??= this.position < until ? this.cursor.read(until) : null;
    const step = this.entries?.next();
    if (step !== undefined && step.done !== true) return step.value;
    this.entries = null;
    return null;
  }

  private miss({ firstSeq, lastSeq }: Partial<Missed>): void {
    if (firstSeq === undefined || lastSeq === undefined) return;
    this.finish();
    this.position = lastSeq;
    this.onMissed({ firstSeq, lastSeq });
  }

  private take(seq: bigint, record: Uint8Array, { largest, packBytes }: FeedLimits): void {
    const whole = this.packer.pack(record);
    const fits = whole.every(({ body }) => body.length + PART_BYTES <= largest);
    const small = fits ? null : this.packer.shrink(record, largest);
    if (!fits) this.finish();
    for (const part of small ?? whole) {
      if (!this.hasRoom(part, packBytes)) this.finish();
      this.forming ??= { parts: [], first: seq, last: seq, bytes: 0, wallMs: wallMs(record) };
      this.forming.parts.push(part);
      this.forming.last = seq;
      this.forming.bytes += part.body.length + PART_BYTES;
      if (!fits) this.finish(true, small === null);
    }
    this.position = seq;
  }

  private hasRoom({ subject, body }: Packed, packBytes: number): boolean {
    const { forming, packer } = this;
    if (forming === null) return true;
    return (
      forming.parts[0]?.subject === subject &&
      forming.parts.length < packer.maxRecords &&
      forming.bytes + body.length + PART_BYTES <= Math.min(packer.maxBytes, packBytes)
    );
  }

  private finish(shrunk = false, final = false): void {
    const { forming, again } = this;
    const head = forming?.parts[0];
    if (forming === null || head === undefined) return;
    const { parts, first, last, wallMs } = forming;
    this.forming = null;
    if (again !== null && first > again.until) this.again = null;
    const count = parts.length > 1 ? `.${parts.length}` : '';
    const message: FeedMessage = {
      subject: head.subject,
      id: `${head.id}${count}${this.again?.suffix ?? ''}`,
      body: this.packer.join(parts.map(({ body }) => body)),
      ...{ first, last, shrunk, final, wallMs, records: parts.length },
      covers: parts.reduce((most, { covers = 0n }) => (covers > most ? covers : most), 0n),
    };
    this.ready.push(message);
  }
}

const wallMs = (record: Uint8Array): number =>
  Number((readHeader(record)?.wallNs ?? 0n) / 1_000_000n);
