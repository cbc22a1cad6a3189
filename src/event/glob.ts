/**
 * Does the whole text match? `*` stands for any characters, `/` included, `?` for exactly one. Only the last `*` is
 * ever retried, so the time is at most pattern times text, whatever a watched process puts into either.
 */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p;
      resume = t;
      p += 1;
    } else if (pattern[p] === '?' || pattern[p] === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      resume += 1;
      t = resume;
      p = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** Has it no `*` and no `?`? */
export const isLiteral = (pattern: string): boolean => !/[*?]/.test(pattern);
