import type { KilledJournal } from './kill-journal.js';
import { quantile } from './statistics.js';
import { markdown } from './table.js';

/** The table of docs/results/kills.md. */
export function killTable(journals: readonly KilledJournal[]): string {
  const rounds = journals.flatMap((journal) => journal.rounds);
  const sum = (pick: (journal: KilledJournal) => number): number =>
    journals.reduce((total, journal) => total + pick(journal), 0);
  const ms = rounds.flatMap(({ consumingMs }) => consumingMs ?? []);
  const verified = rounds.flatMap(({ verify }) => verify ?? []);
  const rows: [string, string | number, string][] = [
    ['kills', rounds.length, '1,000'],
    ['of them while it started', rounds.length - ms.length, '-'],
    ['journals', journals.length, '-'],
    ['records in them', sum(({ aftermath }) => aftermath.records), '-'],
    ['actions of the workload in them', sum(({ aftermath }) => aftermath.actions), '-'],
    ['committed records lost or changed', sum((j) => j.rounds.flatMap((r) => r.lost).length), '0'],
    ['torn or damaged records taken', sum(({ aftermath: a }) => a.torn + a.damage.length), '0'],
    ['event ids given twice', sum(({ aftermath }) => aftermath.eventIdsTwice), '0'],
    ['actions recorded twice', sum(({ aftermath }) => aftermath.runs.doubled.length), '0'],
    ['actions out of order', sum(({ aftermath }) => aftermath.runs.reordered.length), '0'],
    ['actions missing while it ran', sum(({ aftermath }) => aftermath.runs.lost.length), '0'],
    [
      `of ${verified.length} runs of verify after a restart, not 0`,
      verified.filter((code) => code !== '0').length,
      '0',
    ],
    ['start to first committed new action, p50', milliseconds(quantile(ms, 0.5)), '-'],
    ['start to first committed new action, p99', milliseconds(quantile(ms, 0.99)), '<= 1,000 ms'],
    ['start to first committed new action, most', milliseconds(Math.max(...ms)), '-'],
  ];
  return markdown(
    ['kill -9 under load', 'measured', 'target'],
    rows.map(([name, value, target]) => [name, String(value), target]),
  );
}

const milliseconds = (value: number): string => `${Math.round(value)} ms`;
