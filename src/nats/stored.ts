import { AckPolicy, DeliverPolicy, nanos, ReplayPolicy } from 'nats';
import type { ConsumerConfig, NatsConnection } from 'nats';
import type { StreamMessage } from './delivery.js';
import { connectionOf } from './link.js';
import type { NatsLink } from './link.js';
import { apiCode, managerOf, NO_CONSUMER, NO_MESSAGE } from './manager.js';
import { Puller } from './puller.js';

/** A message as the stream keeps it. */
export interface StoredMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly streamSeq: number;
  /** Unix milliseconds by the server's clock. */
  readonly storedMs: number;
}

/** What a stream holds now; null: there is no such stream. */
export interface StreamExtent {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** From which message on. */
export type From =
  { readonly seq: number } | { readonly time: Date } | { readonly lastPerSubject: true };

const LIMITS = { maxMessages: 1024, maxBytes: 8 << 20, lingerMs: 10 };
/** A reader that is gone leaves nothing behind for longer. */
const INACTIVE_MS = 30_000;

/** The newest message of one subject, null: there is none. Throws without a connection. */
export async function lastMessage(
  link: NatsLink,
  stream: string,
  subject: string,
): Promise<StoredMessage | null> {
  const { streams } = await managerOf(connected(link));
  try {
    const found = await streams.getMessage(stream, { last_by_subj: subject });
    const { data, seq: streamSeq, time } = found;
    return { subject: found.subject, data, streamSeq, storedMs: time.getTime() };
  } catch (error) {
    if (isNothing(error)) return null;
    throw error;
  }
}

/** Throws without a connection. */
export async function streamExtent(link: NatsLink, stream: string): Promise<StreamExtent | null> {
  const { streams } = await managerOf(connected(link));
  try {
    const { state } = await streams.info(stream);
    return { firstSeq: state.first_seq, lastSeq: state.last_seq };
  } catch (error) {
    if (NO_CONSUMER.has(apiCode(error))) return null;
    throw error;
  }
}

/**
 * The messages on `filter` that the stream holds now, in its order, by a consumer that is gone afterwards and
 * acknowledges nothing. Throws when the server, the stream or the consumer is gone: whoever wants to go on does so behind
 * the last number seen.
 */
export async function* readStream(
  link: NatsLink,
  stream: string,
  filter: string,
  from: From,
): AsyncGenerator<StreamMessage, void, undefined> {
  for await (const batch of follow(link, stream, filter, from)) {
    yield* batch.messages;
    if (batch.pending === 0) return;
  }
}

/** The same for ever: what is there, and what comes. An empty batch says that nothing came for some seconds. */
export async function* follow(
  link: NatsLink,
  stream: string,
  filter: string,
  from: From,
): AsyncGenerator<{ readonly messages: readonly StreamMessage[]; readonly pending: number }> {
  const connection = connected(link);
  const { consumers } = await managerOf(connection);
  const { name, num_pending: waiting } = await consumers.add(stream, config(filter, from));
  const puller = new Puller(connection, stream, name, LIMITS);
  let pending = waiting;
  try {
    if (pending === 0) yield { messages: [], pending };
    for (;;) {
      const { messages, state } = await puller.pull();
      pending = messages.at(-1)?.pending ?? pending;
      if (messages.length > 0 || state === 'fine') yield { messages, pending };
      if (state === 'lost') throw new Error('the server or the stream went away');
      if (state === 'stuck') throw new Error(`a message is larger than ${LIMITS.maxBytes} bytes`);
    }
  } finally {
    puller.close();
    if (!connection.isClosed()) await consumers.delete(stream, name).catch(() => false);
  }
}

function config(filter: string, from: From): Partial<ConsumerConfig> {
  const common = {
    ack_policy: AckPolicy.None,
    replay_policy: ReplayPolicy.Instant,
    filter_subject: filter,
    inactive_threshold: nanos(INACTIVE_MS),
    mem_storage: true,
  };
  if ('lastPerSubject' in from) return { ...common, deliver_policy: DeliverPolicy.LastPerSubject };
  return 'seq' in from
    ? { ...common, deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.seq }
    : {
        ...common,
        deliver_policy: DeliverPolicy.StartTime,
        opt_start_time: from.time.toISOString(),
      };
}

function connected(link: NatsLink): NatsConnection {
  const connection = connectionOf(link);
  if (connection === null) throw new Error('there is no connection to NATS');
  return connection;
}

const isNothing = (error: unknown): boolean =>
  apiCode(error) === NO_MESSAGE || NO_CONSUMER.has(apiCode(error));
