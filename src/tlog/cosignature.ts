import { sign, type KeyObject } from 'node:crypto';
import { addSignature, parseNote, signaturesOf } from './note.js';
import {
  publicKeyOf,
  TYPE_COSIGNATURE,
  verifierKey,
  verifyEd25519,
  type VerifierKey,
} from './verifier-key.js';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** The note with a cosignature/v1 more: "I saw this, and it goes on from all I saw before." */
export function cosign(note: string, name: string, key: KeyObject, unixSeconds: bigint): string {
  const text = parseNote(note)?.text;
  if (text === undefined) throw new RangeError('not a signed note');
  const { id } = verifierKey(name, publicKeyOf(key), TYPE_COSIGNATURE);
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(unixSeconds);
  const signature = sign(null, messageOf(unixSeconds, text), key);
  return addSignature(note, name, id, Buffer.concat([time, signature]));
}

/**
 * When the key cosigned it (Unix seconds; the latest, when it did so again); null when it did not, or when one of its
 * cosignatures does not hold.
 */
export function verifyCosignature(
  note: string,
  key: VerifierKey,
): { readonly time: bigint } | null {
  const parsed = key.type === TYPE_COSIGNATURE ? parseNote(note) : null;
  if (parsed === null) return null;
  const times = signaturesOf(parsed, key).map((bytes) => timeOf(bytes, parsed.text, key));
  const held = times.filter((time) => time !== null);
  if (held.length < times.length) return null;
  const latest = held.reduce<bigint | null>((a, b) => (a === null || b > a ? b : a), null);
  return latest === null ? null : { time: latest };
}

function timeOf(bytes: Buffer, text: string, key: VerifierKey): bigint | null {
  if (bytes.length !== TIME_BYTES + SIGNATURE_BYTES) return null;
  const time = bytes.readBigUInt64BE(0);
  const signature = bytes.subarray(TIME_BYTES);
  return verifyEd25519(key.publicKey, messageOf(time, text), signature) ? time : null;
}

function messageOf(unixSeconds: bigint, text: string): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${unixSeconds}\n${text}`);
}
