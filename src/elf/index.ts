/**
 * In: a file, through a reader of ranges. Out: the file offsets of named functions and the build id. Never: reads a
 * whole file, trusts a number in it, or throws for what it holds.
 */
export { findFunctions, type ElfReport, type ElfResult } from './find-functions.js';
export type { ElfReason, FileReader } from './reader.js';
