import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { generate } from '../helpers/generator.js';
import { NaiveTree } from '../helpers/naive-tree.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { identify, sign, startSigner, step } from '../helpers/signer.js';

const KILLS = 60;
const SEED = 0x5167;
/** Requests that are under way at once; the kill comes behind the answer to one of them. */
const AHEAD = 8;
const DEADLINE_MS = 20_000;
const tree = new NaiveTree(KILLS * AHEAD);

/** Without giving way to anything: what is waited for is there for less than a millisecond. */
function spinUntil(reached: () => boolean): void {
  const end = Date.now() + DEADLINE_MS;
  while (!reached() && Date.now() < end);
}

t.test(`kill -9 at ${String(KILLS)} moments leaves a state that holds every note`, async (t) => {
  const directory = join(scratchDirectory(t), 'signer');
  const onDisk = () => Number(readFileSync(join(directory, 'state'), 'latin1').split('\n', 2)[1]);
  const vkeys = new Set<string>();
  let last = 0;
  let unheard = 0;
  for (const moment of generate(SEED, KILLS)) {
    const signer = startSigner(t, directory);
    const { vkey, state } = await identify(signer);
    vkeys.add(vkey);
    t.ok(state.size >= BigInt(last), 'what was given out is in the state');
    const start = Number(state.size);
    if (start > last) unheard++;

    const asked = Array.from({ length: AHEAD }, (_, i) =>
      sign(signer, step(tree, start + i, start + i + 1)),
    );
    const heard = moment % (AHEAD - 1);
    await asked[heard];
    // At once, when the next state is begun, or when it is there and its note perhaps is not.
    const begun = () => existsSync(join(directory, 'state.tmp')) || onDisk() === start + AHEAD;
    if (moment % 3 === 1) spinUntil(begun);
    if (moment % 3 === 2) spinUntil(() => onDisk() > start + heard + 1);
    signer.giveUp('the test kills it');
    const notes = (await Promise.all(asked)).filter((answer) => answer !== 'gone');
    await signer.ended;
    t.ok(notes.every((note, i) => note.includes(`\n${String(start + i + 1)}\n`)));
    last = start + notes.length;
  }
  t.equal(vkeys.size, 1);
  t.ok(unheard > 0, 'some kills fell between the state and its note');
  t.comment(`${String(unheard)} of ${String(KILLS)} fell between the state and its note`);
});

t.test('kill -9 in a first start leaves what the next start can go on from', async (t) => {
  const milestones = ['state.tmp', 'state', 'vkey.tmp', 'vkey', 'key.tmp', 'key'];
  for (let from = 0; from < milestones.length; from++) {
    const directory = join(scratchDirectory(t), 'signer');
    const first = startSigner(t, directory);
    spinUntil(() => milestones.slice(from).some((name) => existsSync(join(directory, name))));
    first.giveUp('the test kills it');
    await first.ended;

    const second = startSigner(t, directory);
    t.equal((await identify(second)).state.size, 0n, `killed at ${milestones[from] ?? ''}`);
    t.match(await sign(second, step(tree, 0, 9)), /\n9\n/);
  }
});
