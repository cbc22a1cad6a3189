import { ByteCursor } from './byte-cursor.js';

const RECORD_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const HEADER_BYTES = 4;

/** The first handshake message of a stream. `partial`: as far as it goes. */
export interface Handshake {
  readonly state: 'complete' | 'partial';
  /** From its type on. */
  readonly message: Uint8Array;
}

/** Can a ClientHello over TCP begin like this? Also where fewer bytes are there than it takes to be sure. */
export const looksLikeHello = (bytes: Uint8Array): boolean =>
  bytes[0] === RECORD_HANDSHAKE &&
  (bytes[1] ?? 3) === 3 &&
  (bytes[2] ?? 0) <= 4 &&
  (bytes[5] ?? CLIENT_HELLO) === CLIENT_HELLO;

/**
 * The message that begins a TLS stream, over as many records as it takes (RFC 8446 5.1). null: it is no handshake, or a
 * record of another kind stands inside.
 */
export function readHandshake(stream: Uint8Array): Handshake | null {
  const cursor = new ByteCursor(stream);
  const parts: Uint8Array[] = [];
  let have = 0;
  for (;;) {
    const type = cursor.number(1);
    const major = cursor.number(1);
    const minor = cursor.number(1);
    const length = cursor.number(2);
    if (type !== null && type !== RECORD_HANDSHAKE) return null;
    if (major !== null && major !== 3) return null;
    if (type === null || major === null || minor === null || length === null) break;
    // RFC 8446 5.1: an empty handshake record is forbidden.
    if (length === 0) return null;
    const part = cursor.upTo(length);
    parts.push(part);
    have += part.length;
    if (have >= messageLength(parts)) break;
  }
  const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : join(parts, have);
  return asHandshake(bytes);
}

/** The message that begins these bytes of a handshake (RFC 8446 4). */
export function asHandshake(bytes: Uint8Array): Handshake {
  const length = messageLength([bytes]);
  const isWhole = bytes.length >= length;
  return isWhole
    ? { state: 'complete', message: bytes.subarray(0, length) }
    : { state: 'partial', message: bytes };
}

/** With its header; without end as long as that is not there. */
function messageLength(parts: readonly Uint8Array[]): number {
  const header: number[] = [];
  for (const part of parts) {
    header.push(...part.subarray(0, HEADER_BYTES - header.length));
    if (header.length === HEADER_BYTES) break;
  }
  const [, high, middle, low] = header;
  if (high === undefined || middle === undefined || low === undefined) return Infinity;
  return HEADER_BYTES + high * 0x10000 + middle * 0x100 + low;
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
