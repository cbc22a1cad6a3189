/** A byte of a name that stands for itself in a subject. */
const PLAIN = /^[A-Za-z0-9_-]+$/;
const OTHER = /[^A-Za-z0-9_-]/g;
const TOKEN = /^(?:[A-Za-z0-9_-]|=[0-9A-F]{2})+$/;
const ESCAPED = /=([0-9A-F]{2})/g;
const EMPTY = '=';

/** A name as one token of a subject. Injective: a dot, blank or wildcard in a name is never one of the subject. */
export function escapeToken(name: string): string {
  if (name === '') return EMPTY;
  if (PLAIN.test(name)) return name;
  // Of bytes, not of characters: one byte, one place.
  return Buffer.from(name.toWellFormed(), 'utf8').toString('latin1').replace(OTHER, escapeByte);
}

/** The name a token stands for; null: nobody who escapes as we do wrote this. */
export function unescapeToken(token: string): string | null {
  if (token === EMPTY) return '';
  if (!TOKEN.test(token)) return null;
  const bytes = token.replace(ESCAPED, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const name = Buffer.from(bytes, 'latin1').toString('utf8');
  return escapeToken(name) === token ? name : null;
}

const escapeByte = (byte: string): string =>
  `=${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
