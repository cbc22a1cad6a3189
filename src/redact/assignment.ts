import type { Mark } from './mark.js';
import { kindOfName } from './patterns.js';
import type { RedactionKind } from './patterns.js';

const SEPARATOR = /[=:]/g;
const MAX_NAME = 64;
const NAME_CHARACTER = /[A-Za-z0-9_.-]/;
const QUOTE = /["'`]/;
const SPACE = /[ \t]/;
/** Names that are also written without a blank after the colon: headers, and those that mean nothing else. */
const CLOSE_NAME = /(?:authorization|cookie|api-?key|token|secret|passw(?:or)?d)$/;
const LINE_VALUE = /[^"'`\r\n]*/y;
const WORD_VALUE = /[^\s"'`]*/y;
/** Their values hold blanks. */
const BLANKS_WITHIN: readonly RedactionKind[] = ['authorization', 'cookie'];

/**
 * `NAME=value`, `"name": "value"` and `Name: value` without the value where the name says that it is a secret. Looks
 * left of each separator, a bounded way, so that `a=b=KEY=c` is found too.
 */
export function cleanAssignments(text: string, mark: Mark): string {
  let out = '';
  let from = 0;
  for (let at = nextSeparator(text, 0); at >= 0; at = nextSeparator(text, Math.max(at + 1, from))) {
    const kind = kindBefore(text, from, at);
    if (kind === null) continue;
    const value = valueAfter(text, at, kind);
    if (value.start === value.end) continue;
    out += text.slice(from, value.start) + mark(kind, text.slice(value.start, value.end));
    from = value.end;
  }
  return out + text.slice(from);
}

function nextSeparator(text: string, from: number): number {
  SEPARATOR.lastIndex = from;
  return SEPARATOR.exec(text)?.index ?? -1;
}

/** The kind of secret that the name left of a separator announces. */
function kindBefore(text: string, from: number, at: number): RedactionKind | null {
  let end = skipBack(text, from, at, SPACE, 2);
  const spaced = end < at;
  const unquoted = skipBack(text, from, end, QUOTE, 1);
  const quoted = unquoted < end;
  end = quoted ? skipBack(text, from, unquoted, /\\/, 3) : unquoted;
  const start = skipBack(text, from, end, NAME_CHARACTER, MAX_NAME);
  // `[token:12]` is our own mark.
  if (start === end || text.charAt(start - 1) === '[') return null;
  const written = text.slice(start, end);
  // As connection strings spell it; PWD is a directory.
  if (written === 'Pwd') return 'password';
  const name = written.toLowerCase();
  const colon = text.charAt(at) === ':';
  if (colon && !quoted && !/[\s"']/.test(text.charAt(at + 1)) && !CLOSE_NAME.test(name))
    return null;
  // In a shell `KEY= command` sets nothing; in code `key = value` does.
  if (!colon && !spaced && /\s/.test(text.charAt(at + 1))) return null;
  return kindOfName(name);
}

function skipBack(text: string, from: number, at: number, what: RegExp, most: number): number {
  let start = at;
  while (start > from && at - start < most && what.test(text.charAt(start - 1))) start -= 1;
  return start;
}

function valueAfter(text: string, at: number, kind: RedactionKind): { start: number; end: number } {
  let start = at;
  while (/[=:]/.test(text.charAt(start))) start += 1;
  while (SPACE.test(text.charAt(start))) start += 1;
  while (text.charAt(start) === '\\') start += 1;
  const quote = QUOTE.test(text.charAt(start)) ? text.charAt(start) : '';
  if (quote !== '') {
    const close = text.indexOf(quote, start + 1);
    return { start: start + 1, end: close < 0 ? text.length : close };
  }
  const value = BLANKS_WITHIN.includes(kind) ? LINE_VALUE : WORD_VALUE;
  value.lastIndex = start;
  return { start, end: start + (value.exec(text)?.[0].length ?? 0) };
}
