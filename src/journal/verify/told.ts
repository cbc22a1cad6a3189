import type { Span } from './report.js';

/** More tell the same numbers again, or nothing true. */
const MAX_SPANS = 1 << 16;

/** What the records say of records that are missing. */
export class Told {
  private gaps: Span[] = [];
  private retired = 0n;

  gap(firstSeq: bigint, lastSeq: bigint): void {
    if (firstSeq < 1n || lastSeq < firstSeq || this.gaps.length >= MAX_SPANS) return;
    this.gaps.push({ firstSeq, lastSeq });
  }

  /** Everything up to this number was let go. */
  retention(lastSeq: bigint): void {
    if (lastSeq > this.retired) this.retired = lastSeq;
  }

  /** The missing numbers that a gap names, and those that nobody explains. */
  explain(missing: readonly Span[]): { readonly gaps: Span[]; readonly unexplained: Span[] } {
    const spans = merge(this.gaps);
    const gaps: Span[] = [];
    const unexplained: Span[] = [];
    for (const { firstSeq, lastSeq } of missing) {
      let next = firstSeq <= this.retired ? this.retired + 1n : firstSeq;
      for (const gap of spans) {
        if (gap.lastSeq < next || gap.firstSeq > lastSeq) continue;
        if (gap.firstSeq > next) unexplained.push({ firstSeq: next, lastSeq: gap.firstSeq - 1n });
        const first = gap.firstSeq > next ? gap.firstSeq : next;
        const last = gap.lastSeq < lastSeq ? gap.lastSeq : lastSeq;
        gaps.push({ firstSeq: first, lastSeq: last });
        next = last + 1n;
      }
      if (next <= lastSeq) unexplained.push({ firstSeq: next, lastSeq });
    }
    return { gaps, unexplained };
  }
}

function merge(spans: readonly Span[]): Span[] {
  const sorted = spans.toSorted((a, b) => (a.firstSeq < b.firstSeq ? -1 : 1));
  const merged: Span[] = [];
  for (const span of sorted) {
    const before = merged.at(-1);
    if (before === undefined || span.firstSeq > before.lastSeq + 1n) merged.push(span);
    else if (span.lastSeq > before.lastSeq)
      merged.splice(-1, 1, { ...before, lastSeq: span.lastSeq });
  }
  return merged;
}
