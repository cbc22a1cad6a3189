/**
 * In: a journal's committed records, and the gateway's cosignatures. Out: records on NATS in their order, a cursor for
 * each stream, events for the operator. It reads the journal and nothing else, never waits for a server, never drops a
 * record that is there, and counts nothing as sent before its ack was read.
 */
export { CursorFile } from './cursor-file.js';
export type { PublishEvent } from './events.js';
export type { Packed, Packer } from './packer.js';
export { Publisher } from './publisher.js';
export type { PublisherOptions, PublishStats } from './publisher.js';
export { RecordPacker } from './record-packer.js';
export { StreamSender } from './stream-sender.js';
export type { StreamSenderOptions, StreamStats } from './stream-sender-types.js';
