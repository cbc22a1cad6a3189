/**
 * In: questions about processes, users, listeners and files. Out: facts, and read-only descriptors of TLS libraries.
 * The only reader of `/proc`, cgroups, accounts and other processes' files. Never: writes, keeps a pid without its start
 * time, opens a name somebody else chose without checking what came of it, or throws for a process that went away.
 */
export type { ExactKeys } from './exact-keys.js';
export { openHost } from './host.js';
export { readPlatform, findTool } from './platform.js';
export type { Platform } from './platform.js';
export { groupId } from './users.js';
export { isAlive } from './procfs.js';
