/**
 * In: Storables, and bytes of a journal directory. Out: a number for each record at once, durability in groups, records
 * in order again while the writer goes on, and damage as a value where it lies. It never stores what redact/ did not
 * make, never throws into the pipeline, never deletes but whole old segments, and says what it lost.
 */
export { JournalCursor, readJournal } from './cursor.js';
export type { JournalEntry, ReadOptions } from './cursor.js';
export { listSegments } from './directory.js';
export type { Segment } from './directory.js';
export { JournalError } from './error.js';
export { realFiles } from './files.js';
export type { Files } from './files.js';
export { Journal } from './journal.js';
export type { JournalOptions, JournalStats, Opened } from './journal.js';
export type { JournalLoss } from './losses.js';
export type { Recovered } from './recovery.js';
export type { Retired } from './retention.js';
export type { Damage } from './segment.js';
