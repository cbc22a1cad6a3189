import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeVictim } from '../test/helpers/tamper.js';
import { tamper } from '../test/helpers/tamper-run.js';
import { describeMachine } from './machine.js';
import { markdown } from './table.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
  },
});
const [count, seed] = [Number(values.count), Number(values.seed)];
if (!Number.isInteger(count) || count < 1) throw new Error('--count wants a whole number');
if (!Number.isInteger(seed) || seed < 1) throw new Error('--seed wants a whole number');

const directory = mkdtempSync(join(tmpdir(), 'watchfloor-tamper-'));
try {
  const victim = await makeVictim(directory);
  const tallies = await tamper(victim, count, seed, (text) => {
    console.error(`tamper: ${text}`);
    process.exitCode = 1;
  });
  const rows = tallies.map(({ kind, tried, found, located, agreed, sameCode }) =>
    [kind, tried, found, located, agreed, sameCode].map(String),
  );
  const sums = [1, 2, 3, 4, 5].map((at) =>
    String(rows.reduce((sum, row) => sum + Number(row[at]), 0)),
  );
  const head = ['mutation', 'tried', 'found', 'located', 'independently', 'same exit code'];
  console.log(`${describeMachine()} · seed ${seed}\n`);
  console.log(markdown(head, [...rows, ['all', ...sums]]));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
