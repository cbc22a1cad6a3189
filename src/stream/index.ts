/**
 * In: the plaintext records of TLS calls, in time order. Out: for each process, session and direction its bytes in
 * order, and how many are missing where. Never: keeps payload beyond the out-of-order chunks of one call, or guesses.
 */
export type { BytesChunk, MissingChunk, StreamChunk, StreamEnd, StreamStats } from './chunk.js';
export { InnerPlaintext } from './inner-plaintext.js';
export { OneWaySessions } from './one-way.js';
export { Plaintext, type PlaintextStats } from './plaintext.js';
export { Streams } from './streams.js';
