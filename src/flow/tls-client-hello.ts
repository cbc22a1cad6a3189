import { ByteCursor } from './byte-cursor.js';

export interface ClientHello {
  /** As sent, not yet checked to be a host name. null: none, or behind the captured bytes. */
  readonly sni: Uint8Array | null;
  /** Protocols offered, printable ASCII only, in the client's order. */
  readonly alpn: readonly string[];
  /** An encrypted ClientHello is offered, or grease that looks like one (RFC 9849): `sni` may be a front's name. */
  readonly ech: boolean;
  /** What a fingerprint is made of, as sent: GREASE is in it. */
  readonly shape: HelloShape;
}

export interface HelloShape {
  /** legacy_version. */
  readonly version: number;
  /** Of the extension; null: there is none. */
  readonly versions: readonly number[] | null;
  readonly suites: readonly number[];
  readonly extensions: readonly number[];
  readonly signatures: readonly number[];
  /** The first protocol as sent; null: none is offered. */
  readonly firstProtocol: Uint8Array | null;
}

const CLIENT_HELLO = 1;
/** IANA, TLS ExtensionType Values. */
const EXTENSION = {
  SNI: 0,
  SIGNATURES: 13,
  ALPN: 16,
  VERSIONS: 43,
  ECH: 0xfe0d,
} as const;
const SNI_HOST_NAME = 0;
const SNI_MAX = 255;
const ALPN_MAX = 16;
const EXTENSIONS_MAX = 512;

/**
 * A ClientHello from its handshake header on (RFC 8446 4.1.2), as far as it is there. null: something else, or malformed
 * before its extensions.
 */
export function parseClientHello(message: Uint8Array): ClientHello | null {
  const cursor = new ByteCursor(message);
  if (cursor.number(1) !== CLIENT_HELLO) return null;
  const hello = new ByteCursor(cursor.upTo(cursor.number(3) ?? 0));
  const version = hello.number(2);
  const random = hello.bytes(32);
  const session = hello.vector(1);
  const suites = hello.vector(2);
  const compressions = hello.vector(1);
  if (
    version === null ||
    random === null ||
    session === null ||
    suites === null ||
    compressions === null
  ) {
    return null;
  }
  const extensions = new ByteCursor(hello.upTo(hello.number(2) ?? 0));
  return readExtensions(extensions, version, numbers(suites));
}

function readExtensions(
  cursor: ByteCursor,
  version: number,
  suites: readonly number[],
): ClientHello {
  const bodies = new Map<number, Uint8Array>();
  const extensions: number[] = [];
  while (extensions.length < EXTENSIONS_MAX) {
    const type = cursor.number(2);
    const body = cursor.vector(2);
    if (type === null || body === null) break;
    extensions.push(type);
    // RFC 8446 4.2: no type twice; the first is what a server would see before it refuses.
    if (!bodies.has(type)) bodies.set(type, body);
  }
  const body = (type: number): ByteCursor => new ByteCursor(bodies.get(type) ?? new Uint8Array());
  const protocols = readProtocols(body(EXTENSION.ALPN));
  const [firstProtocol = null] = protocols;
  return {
    sni: readServerName(body(EXTENSION.SNI)),
    alpn: protocols.flatMap(printable).slice(0, ALPN_MAX),
    ech: bodies.has(EXTENSION.ECH),
    shape: {
      version,
      versions: bodies.has(EXTENSION.VERSIONS)
        ? numbers(body(EXTENSION.VERSIONS).vector(1) ?? new Uint8Array())
        : null,
      suites,
      extensions,
      signatures: numbers(body(EXTENSION.SIGNATURES).vector(2) ?? new Uint8Array()),
      firstProtocol,
    },
  };
}

/** Big-endian numbers of two bytes; an odd byte at the end is none. */
function numbers(bytes: Uint8Array): number[] {
  const cursor = new ByteCursor(bytes);
  const all: number[] = [];
  for (let one = cursor.number(2); one !== null; one = cursor.number(2)) all.push(one);
  return all;
}

/** RFC 6066 3. */
function readServerName(body: ByteCursor): Uint8Array | null {
  const list = new ByteCursor(body.vector(2) ?? new Uint8Array());
  const type = list.number(1);
  const name = list.vector(2);
  if (type !== SNI_HOST_NAME || name === null) return null;
  return name.length > 0 && name.length <= SNI_MAX ? name : null;
}

/** RFC 7301 3.1. */
function readProtocols(body: ByteCursor): Uint8Array[] {
  const list = new ByteCursor(body.vector(2) ?? new Uint8Array());
  const protocols: Uint8Array[] = [];
  for (let name = list.vector(1); name !== null; name = list.vector(1)) protocols.push(name);
  return protocols;
}

/** GREASE and other unprintable names are left out. */
function printable(name: Uint8Array): string[] {
  const text = String.fromCharCode(...name);
  return /^[\x21-\x7e]+$/.test(text) ? [text] : [];
}
