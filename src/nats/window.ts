/** One message on its way to a stream. */
export interface Outgoing {
  readonly subject: string;
  /** Nats-Msg-Id. */
  readonly id: string;
  readonly body: Uint8Array;
  /** Numbers of the first and the last record it carries. */
  readonly first: bigint;
  readonly last: bigint;
}

export interface Entry<Message extends Outgoing> {
  /** Never given twice: what an ack of long ago names is not mistaken for another message. */
  readonly token: number;
  readonly message: Message;
  /** When it was last handed to a connection that lives, milliseconds; null: it is not on its way. */
  sentMs: number | null;
}

/** Messages that are handed over and not acknowledged, in the order of hand-over. */
export class Window<Message extends Outgoing> {
  private readonly entries = new Map<number, Entry<Message>>();
  private nextToken = 1;
  private size = 0;

  constructor(
    private readonly maxMessages: number,
    private readonly maxBytes: number,
  ) {}

  get length(): number {
    return this.entries.size;
  }

  get bytes(): number {
    return this.size;
  }

  get oldest(): Entry<Message> | null {
    for (const entry of this.entries.values()) return entry;
    return null;
  }

  /** One message is always let in: it may be larger than the window. */
  hasRoom(bytes: number): boolean {
    // Places stay taken until all before them are acknowledged: what is read of acks out of order has a limit, too.
    const places = this.nextToken - (this.oldest?.token ?? this.nextToken);
    return places === 0 || (places < this.maxMessages && this.size + bytes <= this.maxBytes);
  }

  add(message: Message): Entry<Message> {
    const entry: Entry<Message> = { token: this.nextToken, message, sentMs: null };
    this.nextToken += 1;
    this.entries.set(entry.token, entry);
    this.size += message.body.length;
    return entry;
  }

  get(token: number): Entry<Message> | null {
    return this.entries.get(token) ?? null;
  }

  /** True when an older one still waits. */
  acknowledge(entry: Entry<Message>): boolean {
    const overtook = this.oldest !== entry;
    this.remove(entry);
    return overtook;
  }

  /** Lets go a message and all behind it. */
  takeBack(from: Message): void {
    let found = false;
    for (const entry of this.entries.values()) {
      found ||= entry.message === from;
      if (found) this.remove(entry);
    }
  }

  clear(): void {
    this.entries.clear();
    this.size = 0;
  }

  values(): Iterable<Entry<Message>> {
    return this.entries.values();
  }

  private remove(entry: Entry<Message>): void {
    if (this.entries.delete(entry.token)) this.size -= entry.message.body.length;
  }
}
