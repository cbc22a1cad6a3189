/**
 * In: what a checkpoint or heartbeat is to say, and the directory where the signer's process keeps key and state. Out: the
 * signed note, or why there is none. It never sees the key, never writes a file, never waits without a deadline, and
 * never lets a caller believe that something is signed which is not.
 */
export type { TreeState } from '../tlog/index.js';
export { SignerError } from './error.js';
export { readSignerState } from './read-state.js';
export type { FoundState } from './read-state.js';
export type { CheckpointAnswer, CheckpointRequest } from './request.js';
export { Signer } from './signer.js';
export type { SignerOptions, SignerStats } from './signer.js';
