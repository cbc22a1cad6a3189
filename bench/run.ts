import { CONSUMERS, findSslsniff, startConsumer, type ConsumerName } from './consumers.js';
import { parseArgs } from 'node:util';
import { runLoads, type Figures, type Scale } from './loads.js';
import { measureLoss } from './loss.js';
import { describeMachine } from './machine.js';
import { Ends } from './owner.js';
import { quantile } from './statistics.js';
import { comparisonTable, markdown, type Round } from './table.js';
import { measureVerdicts, VERDICT_WINDOW_MS } from './verdict.js';

const FULL: Scale = {
  memory: 50_000,
  exec: 2000,
  connect: 200_000,
  syscalls: 3_000_000,
  seconds: 5,
};
const QUICK: Scale = {
  memory: 5000,
  exec: 200,
  connect: 20_000,
  syscalls: 300_000,
  seconds: 1,
};

interface Options {
  readonly rounds: number;
  readonly scale: Scale;
  readonly verdicts: number;
  readonly sslsniff: string | null;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      quick: { type: 'boolean', default: false },
      sslsniff: { type: 'string' },
    },
  });
  const sslsniff = findSslsniff(values.sslsniff ?? null);
  if (values.quick) return { rounds: 1, scale: QUICK, verdicts: 20, sslsniff };
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds wants a whole number');
  return { rounds, scale: FULL, verdicts: 200, sslsniff };
}

async function runUnder(name: ConsumerName, { scale, sslsniff }: Options): Promise<Figures> {
  const ends = new Ends();
  try {
    const running = await startConsumer(ends, name, sslsniff);
    const figures = await runLoads(ends, scale);
    await running.stop();
    return figures;
  } finally {
    await ends.all();
  }
}

/** Every consumer in turn, the rounds one after another; one that cannot run is left out and named. */
async function runRounds(options: Options): Promise<Round[]> {
  const { rounds, sslsniff } = options;
  const left = new Set<ConsumerName>(CONSUMERS);
  if (sslsniff === null) drop(left, 'bcc', 'bpfcc-tools is not installed');
  const results: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const result: Round = {};
    for (const name of left) {
      console.error(`bench: round ${round + 1} of ${rounds}, ${name}`);
      try {
        result[name] = await runUnder(name, options);
      } catch (error) {
        if (name !== 'bcc') throw error;
        drop(left, name, error instanceof Error ? error.message : String(error));
      }
    }
    results.push(result);
  }
  return results;
}

function drop(left: Set<ConsumerName>, name: ConsumerName, reason: string): void {
  left.delete(name);
  console.log(`Not measured: ${name}: ${reason}.\n`);
}

async function printAlone({ scale, verdicts }: Options): Promise<void> {
  const ends = new Ends();
  try {
    console.error('bench: verdicts');
    const ms = await measureVerdicts(ends, verdicts);
    await ends.all();
    console.error('bench: loss');
    const loss = await measureLoss(ends, scale.seconds * 2);
    const text = (value: number): string => String(Number(value.toPrecision(3)));
    const late = ms.filter((one) => !Number.isFinite(one));
    const rows = [
      ['exec to verdict, p50', `${text(quantile(ms, 0.5))} ms`, '-'],
      ['exec to verdict, p99', `${text(quantile(ms, 0.99))} ms`, '<= 5 ms'],
      [`without a verdict in ${VERDICT_WINDOW_MS} ms, of ${ms.length}`, String(late.length), '0'],
      [
        `lost of ${loss.exchanges} exchanges (${loss.events} events), 5,000 events/s of 4 KiB`,
        String(loss.lost),
        '0',
      ],
      ['doubled of them', String(loss.doubled), '0'],
      ['lost by its own account', String(loss.gaps), '0'],
      ['daemon CPU per captured 4 KiB event', `${text(loss.cpuUsPerEvent)} us`, '-'],
      ['daemon RSS after it', `${text(loss.residentMb)} MB`, '<= 110 MB'],
    ];
    console.log(`\n${markdown(['watchfloor alone', 'measured', 'target'], rows)}`);
  } finally {
    await ends.all();
  }
}

const options = readOptions(process.argv.slice(2));
console.log(`${describeMachine()} · ${options.rounds} rounds\n`);
console.log(comparisonTable(await runRounds(options)));
await printAlone(options);
