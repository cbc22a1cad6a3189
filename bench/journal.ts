import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Journal, listSegments } from '../src/journal/index.js';
import { redact } from '../src/redact/index.js';
import { stamp, valueOf } from '../test/fixtures/golden/values.js';
import { quantile } from './statistics.js';

/**
 * How long a record waits from append to durable while so many come each second, and how long an opening takes over a
 * full last segment: `node build/bench/bench/journal.js --rate 20000 --seconds 10 --dir DIR`.
 */
const TICK_MS = 1;

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '10' },
    dir: { type: 'string', default: '.' },
  },
});
const rate = Number(values.rate);
const total = rate * Number(values.seconds);

const record = redact(valueOf('coverage'), stamp);

async function measureCommits(dir: string): Promise<number[]> {
  const { journal } = Journal.open(dir);
  const waits: number[] = [];
  const given: number[] = [];
  let offered = 0;
  let done = 0;
  const begin = performance.now();
  await new Promise<void>((resolve) => {
    journal.onCommit((committed) => {
      const now = performance.now();
      for (; done < Number(committed); done += 1) waits.push(now - (given[done] ?? now));
      if (offered >= total && done === given.length) resolve();
    });
    const timer = setInterval(() => {
      const due = Math.min(((performance.now() - begin) / 1000) * rate, total);
      for (; offered < due; offered += 1) {
        const now = performance.now();
        if (journal.append(record) !== null) given.push(now);
      }
      if (offered >= total) clearInterval(timer);
    }, TICK_MS);
  });
  const seconds = (performance.now() - begin) / 1000;
  const { bytes } = journal.stats();
  console.log(`${total} records of ${Math.round(bytes / total)} B in ${seconds.toFixed(2)} s`);
  const lost = journal.losses().map(({ cause, count }) => `${count} ${cause}`);
  console.log(`lost: ${lost.join(', ') || 'none'}`);
  await journal.close();
  return waits;
}

/** Appends until a segment is full but for little, as a crash would leave it. */
async function measureOpening(dir: string): Promise<void> {
  const { journal } = Journal.open(dir, { segmentBytes: 64 << 20, maxBytes: 1 << 30 });
  while (journal.stats().bytes < 16 << 20) {
    for (let count = 0; count < 1000; count += 1) journal.append(record);
    await journal.flush();
  }
  const tree = journal.tree();
  const anchor = { ...tree, note: '' };
  await journal.close();
  const last = listSegments(dir).at(-1);
  const size = statSync(join(dir, last?.name ?? '')).size;
  const begin = performance.now();
  const { found } = Journal.open(dir, { anchor });
  const took = performance.now() - begin;
  const fine = found.lost === null && found.damage.length === 0;
  console.log(
    `opening over ${tree.size} records, last segment ${size} B: ${took.toFixed(0)} ms, ${fine ? 'sound' : 'damaged'}`,
  );
}

const dir = mkdtempSync(join(values.dir, 'watchfloor-bench-'));
try {
  const waits = (await measureCommits(join(dir, 'commits'))).sort((a, b) => a - b);
  for (const [name, part] of [
    ['p50', 0.5],
    ['p99', 0.99],
    ['p99.9', 0.999],
    ['max', 1],
  ] as const) {
    console.log(`append to durable, ${name}: ${quantile(waits, part).toFixed(2)} ms`);
  }
  await measureOpening(join(dir, 'commits'));
} finally {
  rmSync(dir, { recursive: true });
}
