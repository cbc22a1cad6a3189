import { appendFileSync } from 'node:fs';
import type { Test } from 'tap';
import type { Judged } from './oracle.js';

/** A row of docs/results/faults.md. */
export interface FaultResult {
  /** Of the list of faults, such as F1. */
  readonly fault: string;
  readonly what: string;
  /** Actions that were committed on the node; of these, the gateway's copy is judged. */
  readonly actions: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  /** Whatever else was measured. */
  readonly measured: readonly string[];
}

/** Says what a fault did, and keeps it where scripts/faults-long asks for it. */
export function report(
  t: Test,
  fault: string,
  what: string,
  actions: number,
  { lost, doubled, reordered }: Judged,
  measured: readonly string[] = [],
): void {
  const counts = { lost: lost.length, doubled: doubled.length, reordered: reordered.length };
  const result: FaultResult = { fault, what, actions, ...counts, measured };
  const line = JSON.stringify(result);
  t.comment(line);
  const file = process.env.FAULT_RESULTS;
  if (file !== undefined) appendFileSync(file, `${line}\n`);
}
