import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Owner } from '../test/helpers/children.js';
import { describeMachine } from './machine.js';
import { measureMany } from './many.js';
import { Ends } from './owner.js';
import { quantile } from './statistics.js';
import { measureStorm } from './storm.js';
import { markdown } from './table.js';
import { measureVerdicts, VERDICT_WINDOW_MS } from './verdict.js';

interface Options {
  readonly rate: number;
  readonly seconds: number;
  readonly processes: number;
  readonly verdicts: number;
}

/** What was measured, how much it was, what it should be. */
type Row = readonly [what: string, measured: string, target: string];

/** The last two leave a load behind: ten thousand processes end at once. */
const PARTS: Readonly<Record<string, (owner: Owner, options: Options) => Promise<Row[]>>> = {
  verdict: async (owner, { verdicts }) => {
    const ms = await measureVerdicts(owner, verdicts);
    const late = ms.filter((one) => !Number.isFinite(one)).length;
    return [
      ['exec to verdict, p50', `${short(quantile(ms, 0.5))} ms`, '-'],
      ['exec to verdict, p99', `${short(quantile(ms, 0.99))} ms`, '<= 5 ms'],
      [`without one in ${VERDICT_WINDOW_MS} ms, of ${ms.length}`, String(late), '0'],
    ];
  },
  storm: async (owner, { rate, seconds }) => {
    const storm = await measureStorm(owner, rate, seconds);
    return [
      [
        `${rate} processes/s for ${seconds} s, so many a second`,
        short(storm.perSecond),
        String(rate),
      ],
      ['processes', String(storm.execs), '-'],
      ['without an exec record', String(storm.missing), '0'],
      ['with more than one', String(storm.doubled), '0'],
      ['without an exit record', String(storm.withoutExit), '0'],
      ['whose chain does not lead to the agent', String(storm.astray), '0'],
      ['lost by its own account', String(storm.losses), '0'],
      ['user CPU of the daemon a process', `${short(storm.userUs)} us`, '<= 60 us'],
      ['system CPU of the daemon a process', `${short(storm.systemUs)} us`, '-'],
      ['RSS after it', `${short(storm.residentMb)} MB`, '-'],
    ];
  },
  before: async (owner, { processes }) => {
    const many = await measureMany(owner, processes, 'before');
    return [
      [
        `${processes} processes of an agent before the start, known of it`,
        String(many.processes),
        '-',
      ],
      ['not settled at the first answer', String(many.waiting), '0'],
      ['sensors in place to all settled and ready', `${short(many.scanMs)} ms`, '<= 2,000 ms'],
      ['start of the daemon to ready', `${short(many.readyMs)} ms`, '-'],
      ['RSS', `${short(many.residentMb)} MB`, '<= 150 MB'],
      ['RSS, at most', `${short(many.mostMb)} MB`, '-'],
      ['lost by its own account', String(many.losses), '0'],
    ];
  },
  after: async (owner, { processes }) => {
    const many = await measureMany(owner, processes, 'after');
    return [
      [
        `${processes} processes of an agent forked while it runs, known of it`,
        String(many.processes),
        '-',
      ],
      ['RSS', `${short(many.residentMb)} MB`, '<= 150 MB'],
      ['RSS, at most', `${short(many.mostMb)} MB`, '-'],
      ['lost by its own account', String(many.losses), '0'],
    ];
  },
};

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** With how busy the machine was when it began: what it says is worth as much. */
async function rowsOf(part: string, options: Options): Promise<string[][]> {
  const run = PARTS[part];
  if (run === undefined) throw new Error(`no part ${part}: ${Object.keys(PARTS).join(', ')}`);
  const ends = new Ends();
  const [load = 0] = loadavg();
  console.error(`identity: ${part}`);
  try {
    const rows = await run(ends, options);
    return rows.map((row, at) => [...row, at === 0 ? load.toFixed(1) : '']);
  } finally {
    await ends.all();
  }
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} wants a whole number`);
  return value;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '1300' },
    seconds: { type: 'string', default: '60' },
    processes: { type: 'string', default: '10000' },
    verdicts: { type: 'string', default: '200' },
  },
});
const options = {
  rate: number('rate', values.rate),
  seconds: number('seconds', values.seconds),
  processes: number('processes', values.processes),
  verdicts: number('verdicts', values.verdicts),
};
const rows: string[][] = [];
for (const part of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
  rows.push(...(await rowsOf(part, options)));
}
console.log(`${describeMachine()}\n`);
console.log(markdown(['figure', 'measured', 'target', 'load'], rows));
