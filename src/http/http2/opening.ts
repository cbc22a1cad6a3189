import { FRAME_HEAD, isPlausible, readFrameHead } from './frame.js';

/** RFC 9113, section 3.4. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/**
 * Do the first bytes of a direction belong to HTTP/2? A client begins with the preface, a server with a frame; and whoever
 * is heard late, with any frame. null: more bytes are needed. HTTP/1 never looks like a frame: its letters
 * would be a length of megabytes, and behind empty lines a type that is none.
 */
export function opensHttp2(opening: Uint8Array): boolean | null {
  const length = Math.min(opening.length, PREFACE.length);
  if (PREFACE.subarray(0, length).equals(opening.subarray(0, length))) {
    return length === PREFACE.length ? true : null;
  }
  const head = readFrameHead(opening, 0);
  if (head !== null) return isPlausible(head);
  return couldBeLength(opening) && opening.length < FRAME_HEAD ? null : false;
}

/** No plausible frame is longer than 1 MiB. */
const couldBeLength = ([first = 0]: Uint8Array): boolean => first <= 0x10;
