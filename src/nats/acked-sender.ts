import { createInbox, headers } from 'nats';
import type { Msg, NatsConnection } from 'nats';
import { parseAck, refusalOfError } from './ack.js';
import type { Refusal } from './ack.js';
import { clean } from './failure.js';
import type { Denial, NatsLink } from './link.js';
import { Window } from './window.js';
import type { Entry, Outgoing } from './window.js';

export interface SenderOptions<Message extends Outgoing> {
  /** The stream whose acks count. */
  readonly stream: string;
  readonly maxMessages?: number;
  readonly maxBytes?: number;
  /** Without an ack for so long, what is not acknowledged is sent again. */
  readonly ackMs?: number;
  /** Done on each connection before anything is sent on it, such as a look at the stream. */
  readonly prepare?: () => Promise<unknown>;
  /** In any order. */
  readonly onAcked: (message: Message) => void;
  /** The server does not store a message; sending has stopped, and is tried again by itself, once a second. */
  readonly onRefused: (refusal: Refusal, message: Message) => void;
}

export interface SenderStats {
  readonly inFlight: number;
  readonly bytes: number;
  /** Messages acknowledged. */
  readonly acked: number;
  /** Of these, such as the stream had already. */
  readonly duplicates: number;
  readonly resent: number;
  /** Acks that were no acks, of messages nobody waits for, or of another stream. */
  readonly strangeAcks: number;
}

/** Headers of a message of ours have no more bytes. */
export const HEADER_ROOM = 160;

const MAX_MESSAGES = 256;
const MAX_BYTES = 8 << 20;
const ACK_MS = 5000;
/** Where resending changed nothing, the next one waits longer, up to so many times. */
const MAX_PATIENCE = 4;
const TICK_MS = 250;
const RETRY_MS = 1000;
/** What has not left this machine is not sent a second time behind itself. */
const MAX_UNSENT = 64 * 1024;

/**
 * Sends messages to a stream and reads JetStream's ack of each on an inbox of its own: a request a message costs six
 * times as much. Handed over in order and sent in order; acks may come in any. Until its ack was read a message stays
 * here, and goes out again on another connection, or when none comes.
 */
export class AckedSender<Message extends Outgoing> {
  private readonly window: Window<Message>;
  private readonly inbox = createInbox();
  private readonly ackMs: number;
  private readonly ends: readonly (() => void)[];
  private connection: NatsConnection | null = null;
  private refusal: Refusal | null = null;
  private triedMs = 0;
  private ackedMs = 0;
  private overtaken = false;
  private patience = 1;
  private readonly counts = { acked: 0, duplicates: 0, resent: 0, strangeAcks: 0 };

  constructor(
    private readonly link: NatsLink,
    private readonly options: SenderOptions<Message>,
  ) {
    const { maxMessages = MAX_MESSAGES, maxBytes = MAX_BYTES, ackMs = ACK_MS } = options;
    this.window = new Window(maxMessages, maxBytes);
    this.ackMs = ackMs;
    const timer = setInterval(() => {
      this.tick();
    }, TICK_MS);
    const endConnections = link.onConnection((connection) => {
      void this.begin(connection);
    });
    const endDenials = link.onDenial((denial) => {
      this.deny(denial);
    });
    const endTimer = (): void => {
      clearInterval(timer);
    };
    this.ends = [endConnections, endDenials, endTimer];
  }

  /** The oldest message that is not acknowledged: everything before it is. null: everything is. */
  get oldest(): Message | null {
    return this.window.oldest?.message ?? null;
  }

  /** Why nothing is sent now, as the server said it. */
  get refused(): Refusal | null {
    return this.refusal;
  }

  hasRoom(bytes: number): boolean {
    return this.window.hasRoom(bytes);
  }

  /** Only where there is room. It goes out at once, or as soon as it can. */
  send(message: Message): void {
    const entry = this.window.add(message);
    if (this.refusal === null) this.transmit(entry);
  }

  /** Forgets a message and all behind it; who handed them over will do so again, in another form. */
  takeBack(from: Message): void {
    this.window.takeBack(from);
    this.refusal = null;
  }

  /** Forgets everything. */
  clear(): void {
    this.window.clear();
    this.refusal = null;
  }

  stats(): SenderStats {
    return { inFlight: this.window.length, bytes: this.window.bytes, ...this.counts };
  }

  close(): void {
    for (const end of this.ends) end();
    this.clear();
  }

  /** What was in flight on another connection was not sent. */
  private async begin(connection: NatsConnection): Promise<void> {
    this.connection = null;
    for (const entry of this.window.values()) entry.sentMs = null;
    await this.options.prepare?.();
    if (connection.isClosed() || this.link.connection !== connection) return;
    connection.subscribe(`${this.inbox}.*`, {
      callback: (error, message) => {
        if (error === null && connection === this.connection) this.take(message);
      },
    });
    this.connection = connection;
    this.refusal = null;
    this.patience = 1;
    this.ackedMs = Date.now();
    this.transmitAll();
  }

  private transmitAll(): void {
    for (const entry of this.window.values()) {
      if (this.refusal !== null) return;
      if (entry.sentMs === null) this.transmit(entry);
    }
  }

  private transmit(entry: Entry<Message>): void {
    const { connection } = this;
    if (connection === null || connection.isClosed()) return;
    const { subject, id, body } = entry.message;
    const header = headers();
    header.set('Nats-Msg-Id', id);
    const reply = `${this.inbox}.${entry.token.toString(36)}`;
    try {
      connection.publish(subject, body, { reply, headers: header });
      entry.sentMs = Date.now();
    } catch (error) {
      this.refuse(entry, refusalOfError(error));
    }
  }

  private take(message: Msg): void {
    const token = Number.parseInt(message.subject.slice(this.inbox.length + 1), 36);
    const entry = this.window.get(token);
    const ack = parseAck(message);
    if (entry === null || ack === null) this.counts.strangeAcks += 1;
    else if (!ack.stored) this.refuse(entry, ack.refusal);
    else if (ack.stream !== this.options.stream) this.counts.strangeAcks += 1;
    else this.acknowledge(entry, ack.duplicate);
  }

  private acknowledge(entry: Entry<Message>, duplicate: boolean): void {
    this.counts.acked += 1;
    if (duplicate) this.counts.duplicates += 1;
    this.overtaken = this.window.acknowledge(entry);
    this.ackedMs = Date.now();
    this.patience = 1;
    const stopped = this.refusal !== null;
    this.refusal = null;
    if (stopped) this.transmitAll();
    this.options.onAcked(entry.message);
  }

  private refuse(entry: Entry<Message>, refusal: Refusal): void {
    entry.sentMs = null;
    this.triedMs = Date.now();
    this.refusal = refusal;
    this.options.onRefused(refusal, entry.message);
  }

  /** A publish that is not allowed gets no ack: the server says so beside. */
  private deny({ operation, subject }: Denial): void {
    const ours = [...this.window.values()].filter((entry) =>
      operation === 'publish'
        ? clean(entry.message.subject) === subject
        : subject === `${this.inbox}.*`,
    );
    const text = `${operation} of ${subject} is not allowed`;
    for (const entry of ours) entry.sentMs = null;
    if (ours[0] !== undefined) this.refuse(ours[0], { kind: 'permission', text });
  }

  private tick(): void {
    const { oldest } = this.window;
    const now = Date.now();
    if (oldest === null || this.connection?.isClosed() !== false) return;
    if (this.refusal !== null) {
      if (now - this.triedMs >= RETRY_MS) this.tryAgain(oldest);
      return;
    }
    const waitMs = this.ackMs * this.patience;
    const late = oldest.sentMs !== null && now - oldest.sentMs >= waitMs;
    const silent = now - this.ackedMs >= waitMs;
    if (late && (silent || this.overtaken) && this.link.unsentBytes < MAX_UNSENT) {
      this.resend(now - waitMs);
    }
  }

  /** One message tries the way for all. */
  private tryAgain(oldest: Entry<Message>): void {
    this.triedMs = Date.now();
    this.counts.resent += 1;
    this.transmit(oldest);
  }

  private resend(before: number): void {
    this.patience = Math.min(this.patience * 2, MAX_PATIENCE);
    for (const entry of this.window.values()) {
      if (entry.sentMs === null || entry.sentMs > before || this.refusal !== null) continue;
      this.counts.resent += 1;
      this.transmit(entry);
    }
  }
}
