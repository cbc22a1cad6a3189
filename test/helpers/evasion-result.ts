import { appendFileSync } from 'node:fs';
import type { Test } from 'tap';
import type { Scene } from './evasion-scene.js';

/** How a case ended. `silent`: it should have been seen and was not. */
export type Outcome = 'Detected' | 'Observed' | 'Unmeasured' | 'silent' | 'not possible here';

/** A row of docs/results/evasion.md, or half of it: the evasion and its twin are one each. */
export interface EvasionResult {
  readonly id: string;
  readonly name: string;
  readonly twin: boolean;
  readonly what: string;
  readonly outcome: Outcome | 'quiet' | 'false alarm';
  /** Rules that fired and kinds of records that were asked for; or the reason. */
  readonly by: readonly string[];
}

/** Detected by a finding, observed by records; of a twin, that it was seen and not accused. */
export function outcomeOf({ variant, of, isTwin }: Scene, wrong: readonly string[]) {
  if (isTwin) return wrong.length === 0 ? 'quiet' : 'false alarm';
  if (wrong.length > 0) return 'silent';
  if (variant.must.length === 0) return of.unmeasured === null ? 'silent' : 'Unmeasured';
  return variant.must.some(({ fields }) => 'finding.rule' in fields) ? 'Detected' : 'Observed';
}

/** Says how a case ended. */
export function report(t: Test, scene: Scene, outcome: EvasionResult['outcome']): void {
  const { of, variant, isTwin } = scene;
  const rules = variant.must.map(({ fields }) => fields['finding.rule'] ?? fields['kind'] ?? 'any');
  const by = outcome === 'Unmeasured' ? [of.unmeasured ?? ''] : [...new Set(rules.map(String))];
  keep(t, { id: of.id, name: variant.name, twin: isTwin, what: variant.what, outcome, by });
}

/** Says how something that is no case of a folder ended: everything as it should, or not. */
export function reportOwn(t: Test, id: string, what: string, by: readonly string[]): void {
  const outcome = t.passing() ? 'Observed' : 'silent';
  keep(t, { id, name: what, twin: false, what, outcome, by });
}

/** Keeps it where scripts/evasion-table.mjs finds it. */
function keep(t: Test, result: EvasionResult): void {
  const line = JSON.stringify(result);
  t.comment(line);
  const file = process.env.EVASION_RESULTS;
  if (file !== undefined) appendFileSync(file, `${line}\n`);
}
