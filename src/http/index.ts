/**
 * In: the plaintext of one connection in order, per direction, and where bytes are missing. Out: request lines, hosts
 * and statuses, each response paired with its request. Never: keeps a body, follows a length that two readers could
 * understand in two ways, or throws. No imports: bytes and text only.
 */
export { parseAuthority, type Authority } from './authority.js';
export { Http1Connection } from './connection.js';
export type {
  Direction,
  Http1Event,
  Http1Stats,
  InvalidReason,
  RequestEvent,
  ResponseEvent,
} from './events.js';
export { parseHttpHead, type HttpHead } from './peek.js';
