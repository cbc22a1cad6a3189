/**
 * In: the plaintext of one connection in order, per direction, and where bytes are missing. Out: requests of HTTP/1 and
 * HTTP/2 with their hosts, and statuses, each paired with its request. Never: keeps a body, follows a length that two
 * readers could understand in two ways, or throws. No imports: bytes and text only.
 */
export { parseAuthority, type Authority } from './authority.js';
export { HttpConnection } from './connection.js';
export type {
  Direction,
  HttpEvent,
  HttpStats,
  InvalidReason,
  RequestEvent,
  ResponseEvent,
} from './events.js';
export { parseHttpHead, type HttpHead } from './peek.js';
