/**
 * In: one stored record. Out: one line, as JSON or for people; and the one function that makes foreign text safe for a
 * terminal. A pure function of the record: it never looks anything up, never asks for the time, and never writes.
 */
export { escapeText } from './escape.js';
export { toJson } from './json.js';
export { toPretty } from './pretty.js';
export type { PrettyOptions } from './pretty.js';
