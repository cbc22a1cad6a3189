/**
 * In: what a local process says of itself on the governance socket, and who the kernel says it is. Out: registrations and
 * declarations, checked line by line, and their answers. Never: believes a process about another one, decides whose lineage
 * a process belongs to, or keeps more of a client than one message and one answer.
 */
export {
  DEFAULT_VALID_MS,
  governanceSocketPath,
  MAX_MESSAGE_BYTES,
  MAX_VALID_MS,
  PROTOCOL_VERSION,
} from './protocol.js';
export type { Declaration } from './protocol.js';
export { GovernanceServer } from './server.js';
export { LIMITS } from './limits.js';
export type { Limits } from './limits.js';
export type { DeclarationReply, GovernanceBackend, GovernanceStats, Speaker } from './server.js';
