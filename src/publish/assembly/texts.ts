/** Of one text. */
const MAX_TEXT = 1024;
/** Entries of one list. */
const MAX_ENTRIES = 64;
/** Of all texts of one row: however they are escaped, the row stays far below a broker's usual 1 MiB. */
const MAX_CHARACTERS = 32_768;

const NUL = /\0/g;
/** U+2400, the picture of a NUL. */
const NUL_PICTURE = '␀';
const HIGH_SURROGATE_LAST = /[\ud800-\udbff]$/;

/**
 * Text that PostgreSQL takes: it has no NUL, and one of them would make it refuse a whole batch of rows, for ever. A lone
 * surrogate has no UTF-8 and becomes U+FFFD. What is longer than `most` characters ends in how many were cut: `…[+12]`.
 */
export function cleanText(text: string, most = MAX_TEXT): string {
  const kept = text.length > most ? cut(text, most) : text;
  return kept.toWellFormed().replace(NUL, NUL_PICTURE);
}

/** Never between the two halves of one character. */
function cut(text: string, most: number): string {
  const head = text.slice(0, most).replace(HIGH_SURROGATE_LAST, '');
  return `${head}…[+${text.length - head.length}]`;
}

/** The texts of one row, which share its room: what comes when it is used up is only a mark. */
export class Texts {
  private left = MAX_CHARACTERS;

  one(text: string): string {
    const kept = cleanText(text, Math.min(MAX_TEXT, this.left));
    this.left = Math.max(0, this.left - kept.length);
    return kept;
  }

  /** The first entries, each as `one` gives it; when there are more, the last says how many: `…[+12]`. */
  list(texts: readonly string[]): string[] {
    const kept = texts.slice(0, MAX_ENTRIES).map((text) => this.one(text));
    return texts.length > MAX_ENTRIES ? [...kept, `…[+${texts.length - MAX_ENTRIES}]`] : kept;
  }
}
