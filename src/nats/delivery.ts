import type { Msg, NatsConnection } from 'nats';

/** What JetStream says of a message in the subject its acknowledgement goes to. */
export interface Delivery {
  readonly streamSeq: number;
  /** More than one: it was given out before, and not acknowledged. */
  readonly deliveries: number;
  /** When the stream stored it, Unix milliseconds by the server's clock. */
  readonly storedMs: number;
  /** Messages behind it that this consumer has not been given yet. */
  readonly pending: number;
}

/** A message of a stream. */
export interface StreamMessage extends Delivery {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Only of a consumer that acknowledges. May be lost with a connection: then the message comes again. */
  ack(): void;
}

const ACK = Buffer.from('+ACK');

/**
 * Of `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>`, or of the longer form with
 * domain and account behind ACK (nats-server ADR-15). null: no message of a stream.
 */
export function parseDelivery(reply: string): Delivery | null {
  const tokens = reply.split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK') return null;
  const first = tokens.length === 9 ? 4 : 6;
  const [deliveries, streamSeq, , timeNs, pending] = tokens.slice(first).map(Number);
  if (deliveries === undefined || streamSeq === undefined || timeNs === undefined) return null;
  const numbers = [deliveries, streamSeq, timeNs, pending ?? Number.NaN];
  if (numbers.some((number) => !Number.isFinite(number))) return null;
  return { deliveries, streamSeq, storedMs: timeNs / 1_000_000, pending: pending ?? 0 };
}

export function streamMessage(connection: NatsConnection, message: Msg): StreamMessage | null {
  const delivery = parseDelivery(message.reply ?? '');
  if (delivery === null) return null;
  const { subject, data, reply = '' } = message;
  const ack = (): void => {
    if (!connection.isClosed()) connection.publish(reply, ACK);
  };
  return { ...delivery, subject, data, ack };
}
