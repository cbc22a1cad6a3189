import type { InvalidReason } from '../events.js';
import type { Head } from './head.js';

/** How the bytes behind a head are to be read. */
export type Framing =
  | { readonly body: 'none' }
  | { readonly body: 'length'; readonly length: number }
  | { readonly body: 'chunked' }
  /** To the end of the connection: another protocol, or a response without a length. */
  | { readonly body: 'rest' };

export type FramingResult = Framing | { readonly body: 'invalid'; readonly reason: InvalidReason };

const NONE: Framing = { body: 'none' };

/**
 * RFC 9112 6.3. What two readers could understand in two ways (a length and a coding, a coding in 1.0) is invalid: the
 * body of an agent must never become a request nobody made.
 *
 * `method`: of the request this response answers, null when not known.
 */
export function frameMessage(head: Head, method: string | null): FramingResult {
  const { start, length, codings } = head;
  if (codings.length > 0 && (length !== null || start.version === '1.0')) {
    return { body: 'invalid', reason: length === null ? 'bad_encoding' : 'conflicting_length' };
  }
  if (start.kind === 'response') {
    const { status } = start;
    if (status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)) {
      return { body: 'rest' };
    }
    if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return NONE;
  }
  if (codings.length > 0) {
    const last = codings.at(-1);
    if (codings.filter((coding) => coding === 'chunked').length > 1) {
      return { body: 'invalid', reason: 'bad_encoding' };
    }
    if (last === 'chunked') return { body: 'chunked' };
    return start.kind === 'response'
      ? { body: 'rest' }
      : { body: 'invalid', reason: 'bad_encoding' };
  }
  if (length !== null) return length === 0 ? NONE : { body: 'length', length };
  return start.kind === 'response' ? { body: 'rest' } : NONE;
}
