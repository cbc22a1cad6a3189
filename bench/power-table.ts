import type { Verdict } from './power-judge.js';
import type { PowerRound } from './power-rounds.js';
import { markdown } from './table.js';

/** The table of docs/results/power.md. `last` is of a boot that ended in order, behind all of them. */
export function powerTable(rounds: readonly PowerRound[], last: Verdict): string {
  const losses = rounds.flatMap(({ cacheLoss }) => cacheLoss ?? []);
  const verdicts = [...rounds.map(({ verdict }) => verdict), last];
  const refused = verdicts.filter(({ verify }) => verify.code !== 0);
  const different = (pick: (verdict: Verdict) => readonly (number | string)[]): number =>
    new Set(verdicts.flatMap(pick)).size;
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const rows: [string, string | number, string][] = [
    ['power losses', rounds.length, '50'],
    ['of them before the node was ready', rounds.filter(({ early }) => early).length, '-'],
    ['of them with loss in the cache of the disk', losses.length, '-'],
    ['writes in that cache', sum(losses.map(({ cached }) => cached)), '-'],
    ['of them lost or cut short', sum(losses.map(({ lost }) => lost)), '-'],
    ['records in the journal at the end', last.records, '-'],
    ['actions in it', last.actions, '-'],
    ['committed actions lost', different(({ lost }) => lost), '0'],
    [
      'times that records of before were not the same',
      verdicts.filter((v) => v.changed).length,
      '0',
    ],
    ['torn or damaged records taken', different(({ damage }) => damage), '0'],
    ['actions twice', different(({ doubled }) => doubled), '0'],
    ['actions out of order', different(({ reordered }) => reordered), '0'],
    ['actions missing before later ones of the same boot', different(({ holes }) => holes), '0'],
    [`of ${verdicts.length} runs of verify, not 0`, refused.length, '0'],
    [
      'of them for more than files of tiles',
      refused.filter(({ verify }) => verify.tiles.length === 0 || verify.other.length > 0).length,
      '0',
    ],
  ];
  return markdown(
    ['power loss under load', 'measured', 'target'],
    rows.map(([name, value, target]) => [name, String(value), target]),
  );
}

export function isWell({
  lost,
  changed,
  damage,
  doubled,
  reordered,
  holes,
  verify,
}: Verdict): boolean {
  const wrong = [lost, damage, doubled, reordered, holes].some(({ length }) => length > 0);
  return !wrong && !changed && verify.code === 0;
}
