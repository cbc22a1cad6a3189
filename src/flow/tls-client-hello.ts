import { ByteCursor } from './byte-cursor.js';

export interface ClientHello {
  /** As sent, not yet checked to be a host name. null: none, or behind the captured bytes. */
  readonly sni: Uint8Array | null;
  /** Protocols offered, printable ASCII only, in the client's order. */
  readonly alpn: readonly string[];
}

const RECORD_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXTENSION_SNI = 0;
const EXTENSION_ALPN = 16;
const SNI_HOST_NAME = 0;
const SNI_MAX = 255;
const ALPN_MAX = 16;

/** Do these bytes begin like a TLS record of a handshake? */
export const looksLikeHello = (bytes: Uint8Array): boolean =>
  bytes[0] === RECORD_HANDSHAKE && bytes[1] === 3 && (bytes[2] ?? 0) <= 4;

/**
 * The first TLS record of a connection as a ClientHello (RFC 8446 4.1.2), as far as it was captured. null: something
 * else, or malformed before its extensions.
 */
export function parseClientHello(bytes: Uint8Array): ClientHello | null {
  if (!looksLikeHello(bytes)) return null;
  const cursor = new ByteCursor(bytes);
  cursor.bytes(3);
  const record = new ByteCursor(cursor.upTo(cursor.number(2) ?? 0));
  if (record.number(1) !== CLIENT_HELLO) return null;
  const hello = new ByteCursor(record.upTo(record.number(3) ?? 0));
  const versionAndRandom = hello.bytes(34);
  const session = hello.vector(1);
  const suites = hello.vector(2);
  const compressions = hello.vector(1);
  if (versionAndRandom === null || session === null || suites === null || compressions === null) {
    return null;
  }
  return readExtensions(new ByteCursor(hello.upTo(hello.number(2) ?? 0)));
}

function readExtensions(extensions: ByteCursor): ClientHello {
  let sni: Uint8Array | null = null;
  let alpn: readonly string[] = [];
  for (;;) {
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (type === null || body === null) return { sni, alpn };
    // RFC 8446 4.2: no type twice; the first is what a server would see before it refuses.
    if (type === EXTENSION_SNI) sni ??= readServerName(body);
    if (type === EXTENSION_ALPN && alpn.length === 0) alpn = readProtocols(body);
  }
}

/** RFC 6066 3. */
function readServerName(body: Uint8Array): Uint8Array | null {
  const list = new ByteCursor(new ByteCursor(body).vector(2) ?? new Uint8Array());
  const type = list.number(1);
  const name = list.vector(2);
  if (type !== SNI_HOST_NAME || name === null) return null;
  return name.length > 0 && name.length <= SNI_MAX ? name : null;
}

/** RFC 7301 3.1. GREASE and other unprintable names are left out. */
function readProtocols(body: Uint8Array): string[] {
  const list = new ByteCursor(new ByteCursor(body).vector(2) ?? new Uint8Array());
  const protocols: string[] = [];
  while (protocols.length < ALPN_MAX) {
    const name = list.vector(1);
    if (name === null) break;
    const text = String.fromCharCode(...name);
    if (/^[\x21-\x7e]+$/.test(text)) protocols.push(text);
  }
  return protocols;
}
