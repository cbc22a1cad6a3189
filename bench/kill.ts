import { parseArgs } from 'node:util';
import { killJournal, type KilledJournal } from './kill-journal.js';
import { killTable } from './kill-table.js';
import { describeMachine } from './machine.js';

/** A journal grows with each kill, and so does the time to verify it: after so many, a new one. */
const KILLS_A_JOURNAL = 100;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
});
const [kills, seed] = [Number(values.kills), Number(values.seed)];
if (!Number.isInteger(kills) || kills < 1) throw new Error('--kills wants a whole number');
if (!Number.isInteger(seed) || seed < 1) throw new Error('--seed wants a whole number');

console.log(`${describeMachine()} · seed ${seed}\n`);
const journals: KilledJournal[] = [];
for (let left = kills; left > 0; left -= KILLS_A_JOURNAL) {
  console.error(`faults-kill: ${left} kills to go`);
  journals.push(await killJournal(Math.min(left, KILLS_A_JOURNAL), seed + journals.length));
}
console.log(killTable(journals));
const problems = journals.flatMap(({ rounds }) =>
  rounds.flatMap(({ verify }) => (verify === null || verify === '0' ? [] : [verify])),
);
for (const problem of problems) console.error(problem);
