import { Option } from 'commander';
import type { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/index.js';
import { readSocketPath } from '../readapi/index.js';
import type { CommittedRecord } from '../readapi/index.js';
import { CliError, EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import type { FleetOptions } from './fleet.js';
import { loadCommon, moment, refuseWithoutNats } from './options.js';
import { severity, subcommand, wholeNumber } from './options.js';
import type { CommonOptions } from './options.js';
import type { Terminal } from './output.js';
import { KINDS, recordTest } from './record-filter.js';
import type { RecordFilter, SeverityName } from './record-filter.js';
import { followDaemon, isDaemonThere, openRecords } from './records.js';
import type { RecordSource } from './records.js';
import { RecordPrinter } from './record-printer.js';

interface TailOptions extends CommonOptions, Partial<FleetOptions> {
  readonly lines?: number;
  readonly follow?: true;
  readonly all?: true;
  readonly agent?: string;
  readonly rule?: string;
  readonly severity?: SeverityName;
  readonly kind?: string;
  readonly pid?: number;
  readonly since?: bigint;
  readonly until?: bigint;
  readonly after?: number;
  readonly output: 'pretty' | 'json' | 'cef' | 'ocsf';
}

const DEFAULT_LINES = 10;

/** How far back to look first for the last few records that match; each further look goes ten times as far. */
const FIRST_LOOK = 1000n;

const RETRY_MS = 500;

export const tailCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  subcommand('tail', 'show findings, or every record with --all', [
    'watchfloor tail -f                              # findings as they come',
    'watchfloor tail --all -o json --since 10m       # everything of the last ten minutes',
    "watchfloor tail --rule 'bypass.*' --severity high",
    'watchfloor tail --all --pid 4711 -n 100',
    'watchfloor tail -f --nats nats://hub:4222       # findings of the whole fleet',
  ])
    .option(
      '-n, --lines <count>',
      `how many of the last to show (default: ${DEFAULT_LINES})`,
      wholeNumber,
    )
    .option('-f, --follow', 'go on with what comes')
    .option('--all', 'not only findings')
    .option('--agent <id>', 'of this agent: id, name or session; may be a glob')
    .option('--rule <glob>', 'findings of these rules')
    .option('--severity <level>', 'findings of this severity and above', severity)
    .addOption(new Option('--kind <kind>', 'records of this kind').choices(KINDS))
    .option('--pid <pid>', 'about this process', wholeNumber)
    .option('--since <time>', 'not before: a duration such as 10m, or RFC 3339', moment)
    .option('--until <time>', 'not after', moment)
    .option('--after <seq>', 'behind this sequence number', wholeNumber)
    .option('--nats <url>', 'of every node that publishes there')
    .option('--tenant <name>', 'with --nats: of this tenant')
    .option('--node <glob>', 'with --nats: of these nodes')
    .addOption(
      new Option('-o, --output <format>', 'pretty or json')
        .choices(['pretty', 'json', 'cef', 'ocsf'])
        .default('pretty'),
    )
    .action(async (options: TailOptions) => {
      await tail(options, terminal);
      done(EXIT.ok);
    });

const tail = async (options: TailOptions, terminal: Terminal): Promise<void> => {
  const { output } = options;
  if (output === 'cef' || output === 'ocsf') {
    throw new CliError(EXIT.usage, `-o ${output} is not there yet`, 'use -o json or -o pretty');
  }
  refuseWithoutNats(options);
  const { config } = loadCommon(options);
  const { nats } = options;
  if (nats !== undefined) {
    const { fleetTail } = await import('./fleet-tail.js');
    const follow = options.follow === true;
    const after = BigInt(options.after ?? 0);
    const filter = filterOf(options);
    const lines = linesOf(options);
    await fleetTail(config, { ...options, nats, output, filter, lines, follow, after }, terminal);
    return;
  }
  const note = async (text: string): Promise<void> => terminal.err.line(`-- ${text} --`);
  const printer = new RecordPrinter(terminal, output, recordTest(filterOf(options)));
  const source = await openRecords(config, note);
  const position = await showPast(source, printer, options);
  if (options.follow === true) await showComing(config, source, printer, position, note);
};

const filterOf = (options: TailOptions): RecordFilter => {
  const { all, agent, rule, severity: least, kind, pid, since, until } = options;
  const given = { all, agent, rule, severity: least, kind, pid, since, until };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
};

/** null: all of them. */
const linesOf = ({ lines, since, after }: TailOptions): number | null =>
  lines ?? (since !== undefined || after !== undefined ? null : DEFAULT_LINES);

/** Prints what is there; the number of the last record seen. */
const showPast = async (
  source: RecordSource,
  printer: RecordPrinter,
  options: TailOptions,
): Promise<bigint> => {
  const lines = linesOf(options);
  const after = BigInt(options.after ?? 0);
  if (lines !== null) return showLast(source, printer, lines, after);
  let position = after;
  for await (const record of source.read(after)) {
    position = record.seq;
    await printer.print(record);
  }
  return position;
};

/** The last `lines` that match, looked for from the end of the journal backwards. */
const showLast = async (
  source: RecordSource,
  printer: RecordPrinter,
  lines: number,
  after: bigint,
): Promise<bigint> => {
  const last = await source.last();
  for (let look = FIRST_LOOK; ; look *= 10n) {
    const from = last > after + look ? last - look : after;
    const { found, position } = await collect(source, printer, from, lines);
    if (found.length < lines && from > after) continue;
    for (const record of found) await printer.print(record);
    return position;
  }
};

const collect = async (
  source: RecordSource,
  printer: RecordPrinter,
  from: bigint,
  lines: number,
): Promise<{ found: CommittedRecord[]; position: bigint }> => {
  const found: CommittedRecord[] = [];
  let position = from;
  for await (const record of source.read(from)) {
    position = record.seq;
    if (!printer.wants(record)) continue;
    found.push(record);
    if (found.length > lines) found.shift();
  }
  return { found, position };
};

/** Without a daemon: what it left was shown, so wait for one. */
const showComing = async (
  config: Config,
  source: RecordSource,
  printer: RecordPrinter,
  position: bigint,
  note: (text: string) => Promise<void>,
): Promise<void> => {
  const socketPath = readSocketPath(config.run_dir);
  if (source.from === 'journal') {
    while (!(await isDaemonThere(socketPath))) await sleep(RETRY_MS);
    await note('a daemon is there');
  }
  for await (const record of followDaemon(socketPath, position, note)) await printer.print(record);
};
