import { sign, type KeyObject } from 'node:crypto';
import { decodeBase64 } from './base64.js';
import {
  isKeyName,
  publicKeyOf,
  TYPE_ED25519,
  verifierKey,
  verifyEd25519,
  type VerifierKey,
} from './verifier-key.js';

export interface NoteSignature {
  readonly name: string;
  readonly id: number;
  /** Without the id. */
  readonly signature: Buffer;
}

/** A C2SP signed note. */
export interface Note {
  /** What is signed; ends with a line feed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export const MAX_NOTE_BYTES = 16 << 10;
const MAX_SIGNATURES = 16;
const ID_BYTES = 4;
const SIGNATURE_LINE = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/;

/** null: no signed note, or one that is too large. That it is one says nothing about its signatures. */
export function parseNote(note: string): Note | null {
  if (note.length > MAX_NOTE_BYTES || Buffer.byteLength(note) > MAX_NOTE_BYTES) return null;
  if (!isNoteText(note) || !note.endsWith('\n')) return null;
  const split = note.lastIndexOf('\n\n');
  if (split < 0) return null;
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return null;
  const signatures = lines.map(parseSignature).filter((found) => found !== null);
  if (signatures.length < lines.length) return null;
  return { text: note.slice(0, split + 1), signatures };
}

/** True when the key signed the text. A second signature under its name and id has to hold as well. */
export function verifyNote(note: string, key: VerifierKey): boolean {
  const parsed = key.type === TYPE_ED25519 ? parseNote(note) : null;
  if (parsed === null) return false;
  const own = signaturesOf(parsed, key);
  const message = Buffer.from(parsed.text);
  return own.length > 0 && own.every((bytes) => verifyEd25519(key.publicKey, message, bytes));
}

/** The text with its signature. Throws on a text that no note can have. */
export function signNote(text: string, name: string, key: KeyObject): string {
  const { id } = verifierKey(name, publicKeyOf(key), TYPE_ED25519);
  const signature = sign(null, Buffer.from(text), key);
  return checked(`${text}\n${signatureLine(name, id, signature)}`);
}

/** The note with one more signature. */
export function addSignature(note: string, name: string, id: number, signature: Buffer): string {
  return checked(note + signatureLine(name, id, signature));
}

export function signaturesOf(note: Note, key: VerifierKey): Buffer[] {
  const own = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
  return own.map(({ signature }) => signature);
}

function parseSignature(line: string): NoteSignature | null {
  const [, name = '', encoded = ''] = SIGNATURE_LINE.exec(line) ?? [];
  const data = decodeBase64(encoded);
  if (data === null || data.length <= ID_BYTES || !isKeyName(name)) return null;
  return { name, id: data.readUInt32BE(0), signature: data.subarray(ID_BYTES) };
}

function signatureLine(name: string, id: number, signature: Buffer): string {
  const data = Buffer.alloc(ID_BYTES + signature.length);
  data.writeUInt32BE(id, 0);
  signature.copy(data, ID_BYTES);
  return `\u2014 ${name} ${data.toString('base64')}\n`;
}

function checked(note: string): string {
  if (parseNote(note) === null) throw new RangeError('not a signed note');
  return note;
}

/** Unicode text without control characters but the line feed (C2SP signed-note). */
function isNoteText(text: string): boolean {
  return text.isWellFormed() && !/[^\n\P{Cc}]/u.test(text);
}
