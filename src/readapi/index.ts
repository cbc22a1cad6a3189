/**
 * In: requests of local readers on a unix socket, and the journal's committed records. Out: those records, the status,
 * the agents and why a process is whose it is, as JSON lines; and the client's half of the same. Never: anything that is
 * not yet committed, a command that changes what is watched, or memory without limit for a reader that does not read.
 */
export { readSocketPath, MAX_CLIENTS, MAX_READERS } from './protocol.js';
export { ReadServer } from './server.js';
export type { ReaderStats } from './server.js';
export type { CommittedRecord, ReadSource } from './source.js';
export { ask, followRecords, ReadApiError } from './client.js';
