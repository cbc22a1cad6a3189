import { parseArgs } from 'node:util';
import { describeMachine } from './machine.js';
import { Ends } from './owner.js';
import type { Broken } from './power-guest.js';
import type { Verdict } from './power-judge.js';
import { PowerRounds, type PowerRound } from './power-rounds.js';
import { isWell, powerTable } from './power-table.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    broken: { type: 'string', default: 'none' },
  },
});
const [kills, seed, broken] = [Number(values.kills), Number(values.seed), values.broken];
if (!Number.isInteger(kills) || kills < 1) throw new Error('--kills wants a whole number');
if (!Number.isInteger(seed) || seed < 1) throw new Error('--seed wants a whole number');
if (!isBroken(broken)) throw new Error('--broken wants sync or barriers');
const [cache] = positionals;
if (cache === undefined) throw new Error('where is the kernel? run scripts/faults-power');

console.log(
  `${describeMachine()} · seed ${seed}${broken === 'none' ? '' : ` · without ${broken}`}\n`,
);
const ends = new Ends();
try {
  const powerless = new PowerRounds(ends, cache, seed, broken);
  const rounds: PowerRound[] = [];
  while (rounds.length < kills) {
    const round = await powerless.round();
    rounds.push(round);
    report(`${rounds.length} of ${kills}`, round.verdict);
  }
  const last = await powerless.last();
  report('ended in order', last);
  console.log(powerTable(rounds, last));
  if (![...rounds.map(({ verdict }) => verdict), last].every(isWell)) process.exitCode = 1;
} finally {
  await ends.all();
}

function isBroken(text: string): text is Broken {
  return ['none', 'sync', 'barriers'].includes(text);
}

function report(what: string, verdict: Verdict): void {
  const { records, lost, verify, damage } = verdict;
  const amiss = [...damage, ...verify.other, ...verify.tiles].slice(0, 3).join('; ');
  console.error(
    `faults-power: ${what}: ${records} records, ${lost.length} lost, verify ${verify.code ?? ''} ${amiss}`,
  );
}
