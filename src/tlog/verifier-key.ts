import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { decodeBase64 } from './base64.js';

/** Ed25519 over a note's text (C2SP signed-note). */
export const TYPE_ED25519 = 0x01;
/** Ed25519 over a time and a note's text (C2SP tlog-cosignature). */
export const TYPE_COSIGNATURE = 0x04;

/** A C2SP verifier key: `<name>+<id, 8 hex digits>+<base64 of type and public key>`. */
export interface VerifierKey {
  readonly name: string;
  /** Of name, type and key: tells signatures apart, proves nothing. */
  readonly id: number;
  readonly type: number;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

const MAX_VKEY_CHARS = 1024;
const PUBLIC_KEY_BYTES = 32;
/** SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410, 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const FORM = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/;

/** null: no verifier key of these two types, or one whose id is not its own. White space around it is passed over. */
export function parseVkey(text: string): VerifierKey | null {
  if (text.length > MAX_VKEY_CHARS) return null;
  const [, name = '', id = '', encoded = ''] = FORM.exec(text.trim()) ?? [];
  const data = decodeBase64(encoded);
  const type = data?.[0];
  if (data === null || type === undefined || !isKeyName(name)) return null;
  if (data.length !== 1 + PUBLIC_KEY_BYTES) return null;
  if (type !== TYPE_ED25519 && type !== TYPE_COSIGNATURE) return null;
  const key = verifierKey(name, data.subarray(1), type);
  return key.id === parseInt(id, 16) ? key : null;
}

/** Throws on a name that is none, or a public key that is not 32 bytes. */
export function formatVkey(name: string, publicKey: Uint8Array, type = TYPE_ED25519): string {
  const { id } = verifierKey(name, publicKey, type);
  const data = Buffer.concat([Buffer.of(type), publicKey]);
  return `${name}+${id.toString(16).padStart(8, '0')}+${data.toString('base64')}`;
}

export function verifierKey(name: string, publicKey: Uint8Array, type: number): VerifierKey {
  if (!isKeyName(name)) throw new RangeError('not a key name');
  if (publicKey.length !== PUBLIC_KEY_BYTES) throw new RangeError('not an Ed25519 key');
  const hash = createHash('sha256').update(`${name}\n`).update(Buffer.of(type)).update(publicKey);
  return { name, id: hash.digest().readUInt32BE(0), type, publicKey: Buffer.from(publicKey) };
}

/** The 32 bytes of an Ed25519 key, or of the public half of a private one. */
export function publicKeyOf(key: KeyObject): Buffer {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({
    format: 'der',
    type: 'spki',
  });
  if (key.asymmetricKeyType !== 'ed25519') throw new RangeError('not an Ed25519 key');
  return spki.subarray(SPKI_PREFIX.length);
}

/** Never throws: bytes that are no point of the curve verify nothing. */
export function verifyEd25519(publicKey: Buffer, message: Buffer, signature: Buffer): boolean {
  const der = Buffer.concat([SPKI_PREFIX, publicKey]);
  try {
    return verify(
      null,
      message,
      createPublicKey({ key: der, format: 'der', type: 'spki' }),
      signature,
    );
  } catch {
    return false;
  }
}

/** Non-empty, no white space, no plus, nothing that a terminal obeys. */
export function isKeyName(name: string): boolean {
  return /^[^\s+\p{Cc}]+$/u.test(name) && name.isWellFormed();
}
