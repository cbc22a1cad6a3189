/** Edit distance with transpositions (optimal string alignment), both words at most a few dozen characters. */
const distance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
};

/** The known word somebody most likely meant, or null when nothing is near. */
export const nearest = (word: string, known: readonly string[]): string | null => {
  if (word.length > 64) return null;
  const folded = word.toLowerCase();
  let found: string | null = null;
  let best = Math.max(2, Math.floor(folded.length / 3)) + 1;
  for (const candidate of known) {
    const d = distance(folded, candidate.toLowerCase());
    if (d < best) {
      best = d;
      found = candidate;
    }
  }
  return found;
};
