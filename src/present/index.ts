/**
 * In: one stored record, or the process or agent of one. Out: one line, as JSON or for people, or their part of such a
 * line; and the one function that makes foreign text safe for a terminal. A pure function of the record: it never looks anything up, never asks for the time, and never writes.
 */
export { escapeText, quoteText } from './escape.js';
export { agentShape, jsonLine, processShape, toJson } from './json.js';
export type { AgentShape, ProcessShape } from './json.js';
export { toPretty } from './pretty.js';
export type { PrettyOptions } from './pretty.js';
