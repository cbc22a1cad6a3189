import type { Span } from './report.js';

/** Where records lie. */
export interface Place extends Span {
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
}

interface Run {
  readonly segment: string;
  readonly firstSeq: bigint;
  /** Where each begins, and where the last one ends. */
  readonly starts: number[];
  end: number;
}

/** Where the records lie that nothing signed has vouched for yet. */
export class Places {
  private runs: Run[] = [];

  add(segment: string, seq: bigint, start: number, end: number): void {
    const run = this.runs.at(-1);
    if (run?.segment === segment && run.firstSeq + BigInt(run.starts.length) === seq) {
      run.starts.push(start);
      run.end = end;
    } else {
      this.runs.push({ segment, firstSeq: seq, starts: [start], end });
    }
  }

  /** Those of some numbers, one for each run in a segment. */
  of(firstSeq: bigint, lastSeq: bigint): Place[] {
    return this.runs.flatMap((run) => {
      const first = firstSeq > run.firstSeq ? firstSeq : run.firstSeq;
      const end = run.firstSeq + BigInt(run.starts.length) - 1n;
      const last = lastSeq < end ? lastSeq : end;
      if (first > last) return [];
      const offset = run.starts[Number(first - run.firstSeq)] ?? 0;
      const behind = run.starts[Number(last - run.firstSeq) + 1] ?? run.end;
      return [
        { segment: run.segment, offset, bytes: behind - offset, firstSeq: first, lastSeq: last },
      ];
    });
  }

  /** Forgets what comes before a number. */
  forget(before: bigint): void {
    this.runs = this.runs.flatMap((run) => {
      const gone = Number(before - run.firstSeq);
      if (gone <= 0) return [run];
      if (gone >= run.starts.length) return [];
      return [{ ...run, firstSeq: before, starts: run.starts.slice(gone) }];
    });
  }
}
