/**
 * In: Storables, a gateway's records as bytes, and bytes of a journal directory. Out: a number for each record at once,
 * durability in groups, the tree over what is durable, records in order again while the writer goes on, and damage as a
 * value where it lies. It never stores what redact/ did not make, never signs, never throws into the pipeline, never
 * deletes but whole old segments that it was told to, and says what it lost.
 */
export { JournalCursor, readJournal } from './cursor.js';
export type { JournalEntry, ReadOptions } from './cursor.js';
export { listSegments } from './directory.js';
export type { Segment } from './directory.js';
export { JournalError } from './error.js';
export { realFiles } from './files.js';
export type { Files } from './files.js';
export type { Found, Lost, Opening, Recovered } from './found.js';
export { Journal } from './journal.js';
export type { JournalLoss } from './losses.js';
export { Mirror } from './mirror.js';
export type { MirrorOptions } from './mirror.js';
export type { JournalOptions, JournalStats, Opened } from './options.js';
export type { Retired } from './retention.js';
export type { Damage } from './segment.js';
export type { Sealed } from './store.js';
export type { TreeRange } from './tree.js';
export { proveConsistency, proveRecord, verifyJournal } from './verify/index.js';
export type { FoundDamage, Proved, Report, Span, Verdict, VerifyOptions } from './verify/index.js';
