/**
 * In: everything the pure stages were given, in its order, and what the daemon said about itself. Out: one file, and the
 * same entries again from it. It holds plaintext: only its owner may read it, it never overwrites a file, and it never
 * grows past its limit.
 */
export { Recorder, DEFAULT_RECORDING_BYTES } from './recorder.js';
export type { RecorderState } from './recorder.js';
export { readRecording } from './reader.js';
export type { Recording, RecordingEnd } from './reader.js';
export { RECORDING_VERSION } from './format.js';
export type { Entry, RecordingHeader } from './format.js';
