/**
 * In: an executable file, through a reader of ranges. Out: the TLS stacks it holds and where their functions begin, each
 * found in a way that is right for one place of the file only, or refused with the reason. Never: a table of versions, a
 * guess between two places, or a throw for what the file holds.
 */
export type { Family, Found } from './family.js';
export { resolveFile, type Resolution } from './resolve-file.js';
