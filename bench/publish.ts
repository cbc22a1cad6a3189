/**
 * How fast a journal reaches a file-store stream of Debian's nats-server on this machine, every message acknowledged:
 * `node build/bench/bench/publish.js [rounds]` after `tsc -p bench/tsconfig.json`. Prints a table in Markdown.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from '../src/journal/index.js';
import { NatsLink, WATCHFLOOR_STREAM } from '../src/nats/index.js';
import { CursorFile, RecordPacker, StreamSender } from '../src/publish/index.js';
import { redact } from '../src/redact/index.js';
import { origin, stamp, valueOf } from '../test/fixtures/golden/values.js';
import { natsSettings } from '../test/helpers/nats-link.js';
import { startNatsServer } from '../test/helpers/nats-server.js';
import { waitFor } from '../test/helpers/wait.js';
import { Ends } from './owner.js';
import { spread } from './statistics.js';

const RECORDS = 200_000;
const BACKLOG = 360_000;
const LIVE_A_SECOND = 1000;
const LIVE_MS = 10;
const DEADLINE_MS = 300_000;

class Unpacked extends RecordPacker {
  override readonly maxRecords = 1;
}

interface Run {
  readonly perSecond: number;
  readonly cpuMicros: number;
  /** The most CPU time between two turns of a timer: how long others on this thread wait, on a machine that is free. */
  readonly blockedMs: number;
  readonly bytes: number;
}

/** A journal as an agent's work leaves it: programs, connections, requests; a hundred or so of a kind in a row. */
async function fill(journal: Journal, count: number): Promise<void> {
  const values = [valueOf('exec'), valueOf('flow'), valueOf('http')];
  for (let seq = 0; seq < count; seq += 1) {
    const value = values[Math.floor(seq / 100) % values.length] ?? valueOf('exec');
    journal.append(redact({ ...value, origin: { ...origin, seq: BigInt(seq) } }, stamp));
    if (seq % 2000 === 0) await journal.flush();
  }
  await journal.flush();
}

/** Sends `count` records of a new journal, with more coming at `live` a second, and measures until all are acknowledged. */
async function send(packer: RecordPacker, count: number, live: number): Promise<Run> {
  const ends = new Ends();
  const dir = mkdtempSync(join(tmpdir(), 'watchfloor-bench-'));
  ends.teardown(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  try {
    const server = await startNatsServer(ends);
    const journalDir = join(dir, 'journal');
    const { journal } = Journal.open(journalDir);
    ends.teardown(() => journal.close());
    await fill(journal, count);
    const link = NatsLink.open(natsSettings([server.url]));
    ends.teardown(() => link.close());
    await waitFor('the connection', () => link.state === 'connected');
    const sender = new StreamSender({
      ...{ link, packer, journalDir, journal },
      spec: WATCHFLOOR_STREAM,
      cursor: new CursorFile(join(dir, 'publish', 'bench.cursor')),
      fallback: () => 0n,
      onEvent: (event) => {
        console.error(event);
      },
    });
    ends.teardown(() => sender.stop());
    return await measure(sender, journal, count, live);
  } finally {
    await ends.all();
  }
}

async function measure(
  sender: StreamSender,
  journal: Journal,
  count: number,
  live: number,
): Promise<Run> {
  const value = valueOf('dns');
  let seq = BigInt(count);
  const traffic = setInterval(() => {
    for (let more = 0; more < (live * LIVE_MS) / 1000; more += 1) {
      journal.append(redact({ ...value, origin: { ...origin, seq: (seq += 1n) } }, stamp));
    }
  }, LIVE_MS);
  let blockedMs = 0;
  let last = process.cpuUsage();
  const beat = setInterval(() => {
    const { user, system } = process.cpuUsage(last);
    blockedMs = Math.max(blockedMs, (user + system) / 1000);
    last = process.cpuUsage();
  }, 1);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await sender.start();
  await waitFor(
    'every record to be acknowledged',
    () => sender.acked >= BigInt(count),
    DEADLINE_MS,
  );
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(traffic);
  clearInterval(beat);
  const bytes = journal.stats().bytes / Number(journal.stats().committed);
  return { perSecond: count / seconds, cpuMicros: (user + system) / count, blockedMs, bytes };
}

const rounds = Number(process.argv[2] ?? 3);
const ways = [
  { title: 'packed', run: () => send(new RecordPacker('default', 'node-1'), RECORDS, 0) },
  {
    title: 'one record a message',
    run: () => send(new Unpacked('default', 'node-1'), RECORDS, 0),
  },
  {
    title: `packed, backlog of ${BACKLOG} while ${LIVE_A_SECOND} a second come`,
    run: () => send(new RecordPacker('default', 'node-1'), BACKLOG, LIVE_A_SECOND),
  },
];
console.log('| way | records/s | CPU us a record | longest turn, CPU ms | bytes a record |');
console.log('|---|---|---|---|---|');
for (const { title, run } of ways) {
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round += 1) runs.push(await run());
  const column = (name: keyof Run): string =>
    spread(
      runs.map((one) => one[name]),
      '',
    );
  console.log(
    `| ${title} | ${column('perSecond')} | ${column('cpuMicros')} | ${column('blockedMs')} | ${column('bytes')} |`,
  );
}
