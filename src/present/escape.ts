/**
 * Letters, marks, numbers, punctuation and symbols are shown, and the plain blank; all else is escaped: C0, C1 and DEL,
 * bidi controls, zero-width and other blanks, line separators, tags, whatever Unicode leaves without a picture. The
 * backslash is escaped, too, so that two texts never look the same.
 */
const HIDDEN =
  /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|\p{Default_Ignorable_Code_Point}|[\\\u2800\u{e0000}-\u{e0fff}]/gu;

/** Text as a terminal may show it. Control characters become `\xNN` or `\u{N}`, never nothing. */
export const escapeText = (text: string): string => text.replace(HIDDEN, escapeCharacter);

/** What one word of a line may take. */
const MAX_WORD = 120;

/** Foreign text as one word of a line: escaped, cut, and in quotes where it could be taken for more than one. */
export function quoteText(text: string): string {
  const cut = text.length > MAX_WORD ? `${text.slice(0, MAX_WORD - 1)}…` : text;
  const safe = escapeText(cut);
  return /^[^\s'<]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "\\'")}'`;
}

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
