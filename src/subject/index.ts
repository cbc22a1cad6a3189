/**
 * In: what a record says of itself, and bytes and subjects from the wire. Out: the NATS subject it belongs on, and
 * records behind their lengths (docs/nats.md). It never throws on what came from outside, and never talks to NATS.
 */
export { decodeDelimited, DelimitedReader, encodeDelimited, sizeDelimited } from './delimited.js';
export type { Delimited, DelimitedLimits } from './delimited.js';
export {
  agentUuid,
  cosignSubject,
  NODE_PREFIX,
  NO_AGENT,
  parseSubject,
  subjectOf,
} from './subject.js';
export type { RecordAbout, Subject } from './subject.js';
export { escapeToken, unescapeToken } from './token.js';
