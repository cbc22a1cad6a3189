/** One word of a command line. */
export interface Word {
  /** Where it stands in the text, quotes included. */
  readonly start: number;
  readonly end: number;
  /** Without its quotes. */
  readonly value: string;
}

const BLANK = /\s/;

/** The words of a command line as a POSIX shell separates them. A quote that never closes holds the rest. */
export function splitWords(text: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    if (BLANK.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    const word = readWord(text, at);
    words.push(word);
    at = word.end;
  }
  return words;
}

function readWord(text: string, start: number): Word {
  let value = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote === '' && BLANK.test(character)) break;
    if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === '\\' && quote !== "'") {
      at += 1;
      value += text.charAt(at);
    } else value += character;
  }
  return { start, end: Math.min(at, text.length), value };
}

/** The text with some words replaced: `values` has one for each word. Untouched words keep their spelling. */
export function joinWords(text: string, words: readonly Word[], values: readonly string[]): string {
  let out = '';
  let from = 0;
  words.forEach((word, index) => {
    const value = values[index] ?? '';
    if (value === word.value) return;
    out += text.slice(from, word.start) + (BLANK.test(value) ? `'${value}'` : value);
    from = word.end;
  });
  return out + text.slice(from);
}
