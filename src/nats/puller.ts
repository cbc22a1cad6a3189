import { createInbox } from 'nats';
import type { Msg, NatsConnection, Subscription } from 'nats';
import { streamMessage } from './delivery.js';
import type { StreamMessage } from './delivery.js';

export interface PullLimits {
  /** Messages of one request. */
  readonly maxMessages: number;
  /** Bytes of one request; a larger message is never sent to us. */
  readonly maxBytes: number;
  /** After the first message, how long more of them are waited for. */
  readonly lingerMs: number;
}

export interface Pulled {
  readonly messages: readonly StreamMessage[];
  /**
   * lost: the server knows no such consumer, or does not answer. stuck: the next message is larger than the limit, and the
   * server gives none behind it.
   */
  readonly state: 'fine' | 'lost' | 'stuck';
}

const EXPIRES_MS = 3000;
/** A request whose end was not said is over by now. */
const OVERDUE_MS = EXPIRES_MS + 2000;

/**
 * Pulls from one consumer by requests that follow each other: at most one request is out while what the one before gave
 * is handled, so never more than twice the limits is in memory. Knows nothing of how the consumer came to be.
 */
export class Puller {
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  private readonly subject: string;
  private waiting: StreamMessage[] = [];
  /** Messages that the request may still bring; 0: none is out. */
  private open = 0;
  /** Answers to a request that was given up do not count against the next. */
  private request = 0;
  private got = 0;
  private trouble: 'lost' | 'stuck' | null = null;
  private closed = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly connection: NatsConnection,
    stream: string,
    consumer: string,
    private readonly limits: PullLimits,
  ) {
    this.subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) this.take(message);
      else this.end('lost');
    };
    this.subscription = connection.subscribe(`${this.inbox}.*`, { callback });
  }

  /** What came, in the order of the stream; nothing, after some seconds in which nothing did. */
  async pull(): Promise<Pulled> {
    if (this.open === 0 && this.waiting.length === 0 && this.trouble === null) this.ask();
    const isThere = (): boolean => this.waiting.length > 0 || this.open === 0;
    await this.until(OVERDUE_MS, isThere);
    if (this.waiting.length === 0 && this.open > 0) this.end('lost');
    if (this.waiting.length > 0) await this.until(this.limits.lingerMs, () => this.open === 0);
    const messages = this.waiting;
    const state = this.trouble ?? 'fine';
    this.waiting = [];
    this.trouble = null;
    // The next ones travel while these are handled.
    if (this.open === 0 && state === 'fine') this.ask();
    return { messages, state };
  }

  close(): void {
    this.closed = true;
    this.open = 0;
    if (!this.connection.isClosed()) this.subscription.unsubscribe();
    this.wake();
  }

  private ask(): void {
    if (this.closed || this.connection.isClosed()) {
      this.trouble = 'lost';
      return;
    }
    this.request += 1;
    this.open = this.limits.maxMessages;
    this.got = 0;
    const { maxMessages, maxBytes } = this.limits;
    const wanted = { batch: maxMessages, max_bytes: maxBytes, expires: EXPIRES_MS * 1_000_000 };
    const reply = `${this.inbox}.${this.request}`;
    this.connection.publish(this.subject, JSON.stringify(wanted), { reply });
  }

  private take(message: Msg): void {
    const found = streamMessage(this.connection, message);
    if (found !== null) {
      this.waiting.push(found);
      this.got += 1;
      this.open = Math.max(this.open - 1, 0);
    } else if (message.subject === `${this.inbox}.${this.request}`) {
      this.takeStatus(message.headers?.code ?? 0, message.headers?.description ?? '');
    }
    this.wake();
  }

  /** 404 and 408: nothing more came in time. 409: why the request is over. 503: nobody listens there. */
  private takeStatus(code: number, description: string): void {
    if (code === 100) return;
    const tooLarge = code === 409 && /maxbytes/i.test(description);
    if (tooLarge && this.got === 0) this.end('stuck');
    else this.end(code === 503 || (code === 409 && !tooLarge) ? 'lost' : null);
  }

  private end(trouble: 'lost' | 'stuck' | null): void {
    this.open = 0;
    this.trouble = trouble;
    this.wake();
  }

  private async until(ms: number, condition: () => boolean): Promise<void> {
    const end = Date.now() + ms;
    while (!condition() && !this.closed) {
      const left = end - Date.now();
      if (left <= 0) return;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }
}
