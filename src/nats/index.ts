/**
 * In: where servers are, and messages to send. Out: a connection that is made again for ever, streams that are made or
 * looked at, acknowledgements that were read, and messages of a stream. The only importer of the package `nats`. It never
 * throws for what a server says, never keeps without limit what one sends, and never counts as sent what was not
 * acknowledged.
 */
export { AckedSender, HEADER_ROOM } from './acked-sender.js';
export type { SenderOptions, SenderStats } from './acked-sender.js';
export type { Refusal, RefusalKind } from './ack.js';
export type { StreamMessage } from './delivery.js';
export type { FailureKind } from './failure.js';
export { NatsLink } from './link.js';
export type { LinkHooks, LinkState, LinkStats } from './link.js';
export { PullConsumer } from './pull-consumer.js';
export type { Batch, PullConsumerOptions } from './pull-consumer.js';
export { publishOne } from './publish-one.js';
export type { NatsSettings } from './settings.js';
export { follow, lastMessage, readStream, streamExtent } from './stored.js';
export type { From, StoredMessage, StreamExtent } from './stored.js';
export { ensureStream } from './stream.js';
export type { StreamCheck } from './stream.js';
export { AUDIT_STREAM, WATCHFLOOR_STREAM } from './stream-spec.js';
export type { StreamSpec } from './stream-spec.js';
export { subscribe } from './subscription.js';
export type { Outgoing } from './window.js';
