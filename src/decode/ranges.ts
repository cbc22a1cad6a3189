/** Half-open: from <= n < to. */
export interface Range {
  from: number;
  to: number;
}

/** Adds one number to sorted, disjoint ranges. Nearly always the last one grows. False: it was there already. */
export function addNumber(ranges: Range[], n: number): boolean {
  let at = ranges.length;
  for (let range = ranges[at - 1]; range !== undefined && range.from > n; range = ranges[at - 1]) {
    at -= 1;
  }
  const before = ranges[at - 1];
  const after = ranges[at];
  if (before !== undefined && n < before.to) return false;
  const joinsBefore = before?.to === n;
  const joinsAfter = after?.from === n + 1;
  if (joinsBefore) {
    before.to = joinsAfter ? after.to : n + 1;
    if (joinsAfter) ranges.splice(at, 1);
  } else if (joinsAfter) {
    after.from = n;
  } else {
    ranges.splice(at, 0, { from: n, to: n + 1 });
  }
  return true;
}

/** Removes everything below `limit` and gives what was not there, starting at `low`. */
export function takeHoles(ranges: Range[], low: number, limit: number): Range[] {
  const holes: Range[] = [];
  let next = low;
  while (next < limit) {
    const first = ranges[0];
    if (first === undefined || first.from >= limit) {
      holes.push({ from: next, to: limit });
      return holes;
    }
    if (first.from > next) holes.push({ from: next, to: first.from });
    next = Math.max(next, Math.min(first.to, limit));
    if (first.to <= limit) ranges.shift();
    else first.from = limit;
  }
  return holes;
}
