/**
 * In: a file, through a reader of ranges. Out: the file offsets of named functions, the build id, and which of
 * some functions and notes a program has. Never: reads a whole file, trusts a number in it, or throws for what it holds.
 */
export { findFunctions, type ElfReport, type ElfResult } from './find-functions.js';
export {
  readProgram,
  type ProgramReport,
  type ProgramResult,
  type ProgramWanted,
} from './read-program.js';
export type { ElfReason, FileReader } from './reader.js';
