/**
 * In: a file, through a reader of ranges. Out: the file offsets of named functions, the build id, which of some
 * functions and notes a program has, and an image in which strings, code that uses them and functions can be looked for.
 * Never: keeps a whole file, trusts a number in it, or throws for what it holds.
 */
export { findFunctions, type ElfReport, type ElfResult } from './find-functions.js';
export { BYTES_MAX, openImage, type FunctionRange, type Image } from './image.js';
export {
  readProgram,
  type ProgramReport,
  type ProgramResult,
  type ProgramWanted,
} from './read-program.js';
export type { ElfReason, FileReader } from './reader.js';
export type { Reference } from './references.js';
export type { Section } from './sections.js';
export type { Segment } from './headers.js';
export * from './x86/index.js';
