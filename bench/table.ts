import type { ConsumerName } from './consumers.js';
import type { Figures } from './loads.js';
import { median, spread } from './statistics.js';

/** One round's figures of each consumer that ran. */
export type Round = Partial<Record<ConsumerName, Figures>>;

/** How a figure is read: as what the consumer added to the baseline, or as a multiple of it. */
interface Row {
  readonly title: string;
  readonly figure: string;
  readonly reading: 'added' | 'ratio';
  readonly unit: string;
  /** Against bcc for `added`, against the baseline for `ratio`. */
  readonly target: string;
}

const ROWS: readonly Row[] = [
  {
    title: 'SSL_write p50, 200 B',
    figure: 'write 200',
    reading: 'added',
    unit: ' ns',
    target: '<= 0.07',
  },
  {
    title: 'SSL_read p50, 200 B',
    figure: 'read 200',
    reading: 'added',
    unit: ' ns',
    target: '<= 0.12',
  },
  {
    title: 'SSL_write p50, 4 KiB',
    figure: 'write 4096',
    reading: 'added',
    unit: ' ns',
    target: '<= 0.20',
  },
  {
    title: 'SSL_read p50, 4 KiB',
    figure: 'read 4096',
    reading: 'added',
    unit: ' ns',
    target: '<= 0.30',
  },
  {
    title: 'SSL_write p50, 16 KiB',
    figure: 'write 16384',
    reading: 'added',
    unit: ' ns',
    target: '-',
  },
  {
    title: 'SSL_read p50, 16 KiB',
    figure: 'read 16384',
    reading: 'added',
    unit: ' ns',
    target: '-',
  },
  {
    title: 'Node TLS, write + read, 4 KiB',
    figure: 'node',
    reading: 'added',
    unit: ' us',
    target: '<= 0.40',
  },
  {
    title: 'TLS load at full speed, 4 KiB, throughput',
    figure: 'throughput 4096',
    reading: 'ratio',
    unit: '',
    target: '-',
  },
  {
    title: 'TLS load of 2,000 op/s, 4 KiB, CPU',
    figure: 'rate cpu',
    reading: 'ratio',
    unit: '',
    target: '<= 1.15',
  },
  {
    title: 'exec of a static no-op, CPU',
    figure: 'exec cpu',
    reading: 'ratio',
    unit: '',
    target: '<= 1.08',
  },
  {
    title: 'exec of a static no-op, wall time',
    figure: 'exec wall',
    reading: 'ratio',
    unit: '',
    target: '-',
  },
  { title: 'connect (UDP)', figure: 'connect', reading: 'added', unit: ' ns', target: '-' },
  {
    title: 'getppid, calls a second',
    figure: 'getppid',
    reading: 'ratio',
    unit: '',
    target: '>= 0.97',
  },
];

/** Figures that are better when larger, so that their ratio is turned: calls a second, not nanoseconds a call. */
const INVERTED = new Set(['getppid']);

const HEAD = ['load', 'alone', 'watchfloor', 'bcc sslsniff', 'watchfloor / bcc', 'target'];

/** The table of every load that was run under all consumers, as Markdown. */
export function comparisonTable(rounds: readonly Round[]): string {
  return markdown(
    HEAD,
    ROWS.map((row) => cells(rounds, row)),
  );
}

function cells(rounds: readonly Round[], row: Row): string[] {
  const baseline = rounds.map((round) => round.baseline?.[row.figure] ?? NaN);
  const of = (name: ConsumerName): number[] =>
    rounds.map((round, index) =>
      read(row, round[name]?.[row.figure] ?? NaN, baseline[index] ?? NaN),
    );
  const [ours, theirs] = [of('watchfloor'), of('bcc')];
  const show = (values: readonly number[]): string => {
    const text = spread(values, row.unit);
    if (text === '-') return text;
    return row.reading === 'ratio' ? `x${text}` : text.startsWith('-') ? text : `+${text}`;
  };
  // A peer that added nothing, or less than the noise, is nothing to divide by.
  const comparable = row.reading === 'added' && median(theirs) > 0;
  const against = comparable ? ours.map((value, i) => value / (theirs[i] ?? NaN)) : [];
  return [
    row.title,
    spread(baseline, baselineUnit(row)),
    show(ours),
    show(theirs),
    spread(against),
    row.target,
  ];
}

function read({ reading, figure }: Row, value: number, baseline: number): number {
  if (reading === 'added') return value - baseline;
  return INVERTED.has(figure) ? baseline / value : value / baseline;
}

/** The baseline stands in its own unit, the consumers of a ratio in none. */
function baselineUnit({ figure, unit }: Row): string {
  if (figure === 'getppid') return ' ns';
  if (figure.startsWith('throughput')) return ' op/s';
  return unit === '' ? ' us' : unit;
}

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cellsOfLine: readonly string[]): string => `| ${cellsOfLine.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Each rule once, with how often it is there. */
export function counted(rules: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const rule of rules) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return [...counts].map(([rule, count]) => `\`${rule}\` x ${count}`).join(', ') || 'none';
}
