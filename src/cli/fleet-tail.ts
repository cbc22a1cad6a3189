import { escapeText } from '../present/index.js';
import type { Config } from '../config/index.js';
import type { From } from '../nats/index.js';
import type { StoredRecord } from '../record/index.js';
import { fleetFailure, openFleet } from './fleet.js';
import type { FleetOptions } from './fleet.js';
import { FleetRecords } from './fleet-records.js';
import type { FleetRecord } from './fleet-records.js';
import type { Terminal } from './output.js';
import { recordTest } from './record-filter.js';
import type { RecordFilter } from './record-filter.js';
import { RecordPrinter } from './record-printer.js';
import type { OutputFormat } from './options.js';

export interface FleetTail extends FleetOptions {
  readonly filter: RecordFilter;
  /** null: every one from `filter.since` on. */
  readonly lines: number | null;
  readonly follow: boolean;
  /** Only records with a higher number at their node. */
  readonly after: bigint;
  readonly output: OutputFormat;
}

/** How far back to look first for the last few that match; each further look goes ten times as far. */
const FIRST_LOOK = 1000;
/** Clocks of nodes and servers may differ by so much. */
const SKEW_MS = 300_000;

/** Shows records of the whole fleet out of the stream that the nodes publish to. */
export const fleetTail = async (
  config: Config,
  wanted: FleetTail,
  terminal: Terminal,
): Promise<void> => {
  const note = async (text: string): Promise<void> =>
    terminal.err.line(`-- ${escapeText(text)} --`);
  const { filter, output } = wanted;
  const matches = recordTest(filter);
  const test = (record: StoredRecord): boolean => record.seq > wanted.after && matches(record);
  const printer = new RecordPrinter(terminal, output, test, ({ node }) => `${escapeText(node)} `);
  const link = await openFleet(config, wanted);
  try {
    const findingsOnly = filter.all !== true && (filter.kind ?? 'finding') === 'finding';
    const records = new FleetRecords(link, wanted, findingsOnly, note);
    const last = await showPast(records, printer, wanted);
    if (!wanted.follow) return;
    for await (const record of records.follow(last)) await printer.print(record);
  } catch (error) {
    throw fleetFailure(error);
  } finally {
    await link.close();
  }
};

/** Prints what is there; the number of the last message that was looked at. */
const showPast = async (
  records: FleetRecords,
  printer: RecordPrinter,
  { lines, filter }: FleetTail,
): Promise<number> => {
  const { firstSeq, lastSeq } = await records.extent();
  if (lastSeq === 0) return lastSeq;
  if (lines === null) {
    for await (const record of records.read(beginning(filter, firstSeq), lastSeq)) {
      await printer.print(record);
    }
    return lastSeq;
  }
  for (let look = FIRST_LOOK; ; look *= 10) {
    const from = Math.max(lastSeq - look + 1, firstSeq);
    const found: FleetRecord[] = [];
    for await (const record of records.read({ seq: from }, lastSeq)) {
      if (!printer.wants(record)) continue;
      found.push(record);
      if (found.length > lines) found.shift();
    }
    if (found.length < lines && from > firstSeq) continue;
    for (const record of found) await printer.print(record);
    return lastSeq;
  }
};

const beginning = ({ since }: RecordFilter, firstSeq: number): From =>
  since === undefined
    ? { seq: firstSeq }
    : { time: new Date(Number(since / 1_000_000n) - SKEW_MS) };
