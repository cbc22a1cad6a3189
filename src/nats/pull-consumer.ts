import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, nanos, ReplayPolicy } from 'nats';
import type { ConsumerAPI, ConsumerConfig, NatsConnection } from 'nats';
import type { StreamMessage } from './delivery.js';
import { connectionOf } from './link.js';
import type { NatsLink } from './link.js';
import { apiCode, managerOf, NO_CONSUMER, textOf } from './manager.js';
import { Puller } from './puller.js';
import type { PullLimits } from './puller.js';

export interface PullConsumerOptions extends Partial<PullLimits> {
  readonly stream: string;
  /** Keeps its place under this name, over restarts of both sides. */
  readonly durable: string;
  /** Before the consumer is made: whoever comes first makes the stream. */
  readonly prepare?: () => Promise<unknown>;
  /** What the operator should know of it. */
  readonly onNote?: (text: string) => void;
}

export interface Batch {
  /** In the order of the stream, but for those that come again. */
  readonly messages: readonly StreamMessage[];
  /** away: no server, no stream, or no permission now; it goes on by itself. */
  readonly state: 'fine' | 'away';
}

const LIMITS: PullLimits = { maxMessages: 1024, maxBytes: 8 << 20, lingerMs: 50 };
const ACK_WAIT_MS = 30_000;
/** Between two looks for a server or a stream that is not there. */
const AWAY_MS = 1000;

/**
 * A durable pull consumer with explicit acknowledgement: what is not acknowledged comes again. A consumer that was
 * deleted, or went with its stream, is made again from the stream's beginning, and said.
 */
export class PullConsumer {
  private readonly limits: PullLimits;
  private puller: { readonly connection: NatsConnection; readonly puller: Puller } | null = null;
  private known = false;
  /** Where the consumer began that stepped over a message. */
  private overSeq = 0;
  private readonly closing = new AbortController();
  /** Why it is away, null: it is not. */
  lastError: string | null = null;

  constructor(
    private readonly link: NatsLink,
    private readonly options: PullConsumerOptions,
  ) {
    this.limits = { ...LIMITS, ...given(options) };
  }

  /** Never rejects. Empty after some seconds in which nothing came, and when it is closed. */
  async next(): Promise<Batch> {
    if (this.closing.signal.aborted) return { messages: [], state: 'away' };
    const puller = await this.ready();
    if (puller === null) return this.away();
    const { messages, state } = await puller.pull();
    if (state !== 'fine') this.drop();
    if (state === 'stuck') await this.stepOver();
    if (state === 'lost' && messages.length === 0) return this.away();
    return { messages, state: 'fine' };
  }

  /**
   * A message larger than we take would stop everything behind it. A consumer cannot be told to pass it over, so another
   * one takes its place, which begins behind it; it waits until all is acknowledged.
   */
  private async stepOver(): Promise<void> {
    const connection = connectionOf(this.link);
    if (connection === null) return;
    const { stream, durable, onNote } = this.options;
    try {
      const { consumers } = await managerOf(connection);
      const info = await consumers.info(stream, durable);
      // What is given out is handled first: it would not come again.
      if (info.num_ack_pending > 0) return;
      const from = Math.max(info.delivered.stream_seq + 2, this.overSeq + 1);
      await this.replace(consumers, from);
      this.overSeq = from;
      onNote?.(
        `a message of more than ${this.limits.maxBytes} bytes before number ${from} is passed over`,
      );
    } catch (error) {
      this.lastError = textOf(error);
    }
  }

  /** Ends next() at once. The consumer keeps its place. */
  close(): void {
    this.closing.abort();
    this.drop();
  }

  private async ready(): Promise<Puller | null> {
    const connection = connectionOf(this.link);
    if (connection === null) return this.refuse('no connection');
    if (this.puller?.connection === connection) return this.puller.puller;
    this.drop();
    try {
      await this.ensure(connection);
    } catch (error) {
      return this.refuse(textOf(error));
    }
    if (this.closing.signal.aborted) return null;
    const { stream, durable } = this.options;
    const puller = new Puller(connection, stream, durable, this.limits);
    this.puller = { connection, puller };
    this.lastError = null;
    return puller;
  }

  private async ensure(connection: NatsConnection): Promise<void> {
    const { stream, durable, prepare, onNote } = this.options;
    const { consumers } = await managerOf(connection);
    try {
      const {
        config,
        num_ack_pending: open,
        ack_floor: floor,
      } = await consumers.info(stream, durable);
      if (config.ack_policy !== AckPolicy.Explicit) {
        throw new Error(`the consumer ${durable} is there and wants no acks for each message`);
      }
      if (open > 0) await this.replace(consumers, floor.stream_seq + 1);
    } catch (error) {
      if (!NO_CONSUMER.has(apiCode(error))) throw error;
      await prepare?.();
      await consumers.add(stream, this.config());
      if (this.known) onNote?.(`the consumer ${durable} was gone: made again, from the beginning`);
    }
    this.known = true;
  }

  /**
   * What a life or a connection before was given and did not acknowledge would come again only after the wait for acks,
   * long behind what follows it. A consumer that begins there gives it at once, and in order.
   */
  private async replace(consumers: ConsumerAPI, fromSeq: number): Promise<void> {
    const { stream, durable } = this.options;
    await consumers.delete(stream, durable);
    await consumers.add(stream, this.config(fromSeq));
  }

  private config(fromSeq = 0): Partial<ConsumerConfig> {
    const start =
      fromSeq === 0
        ? { deliver_policy: DeliverPolicy.All }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: fromSeq };
    return {
      durable_name: this.options.durable,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      ...start,
      replay_policy: ReplayPolicy.Instant,
      max_ack_pending: this.limits.maxMessages * 4,
    };
  }

  private refuse(reason: string): null {
    this.lastError = reason;
    return null;
  }

  private drop(): void {
    this.puller?.puller.close();
    this.puller = null;
  }

  private async away(): Promise<Batch> {
    await sleep(AWAY_MS, undefined, { signal: this.closing.signal }).catch(() => undefined);
    return { messages: [], state: 'away' };
  }
}

function given({ maxMessages, maxBytes, lingerMs }: Partial<PullLimits>): Partial<PullLimits> {
  const all = Object.entries({ maxMessages, maxBytes, lingerMs });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}
