import t from 'tap';
import { scratchDirectory } from '../helpers/scratch.js';
import { makeVictim } from '../helpers/tamper.js';
import { tamper } from '../helpers/tamper-run.js';

const COUNT = 306;
const SEED = 7;

t.test('whatever is changed in a journal is found, and where, by two verifiers', async (t) => {
  const victim = await makeVictim(scratchDirectory(t));
  t.ok((victim.frames[0]?.seq ?? 0n) > 1n, 'retention was at work');
  t.ok(victim.frames.length > 600);
  const missed: string[] = [];
  const tallies = await tamper(victim, COUNT, SEED, (text) => missed.push(text));
  t.same(missed, []);
  for (const { kind, tried } of tallies) t.equal(tried, COUNT / tallies.length, kind);
});
