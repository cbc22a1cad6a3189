import t from 'tap';
import type { Command } from '../../../src/event/index.js';
import { BriefLives } from '../../../src/pipeline/brief-lives.js';
import { Output } from '../../../src/pipeline/output.js';

const key = (tgid: number) => ({ tgid, startNs: 5n });

t.test('what ended in its own batch is not looked up', async (t) => {
  const [output, brief] = [new Output(), new BriefLives()];
  const kept: Command[] = [
    { do: 'look_up_stacks', key: null },
    { do: 'look_up_stacks', key: key(2) },
    { do: 'look_up_process', key: key(1), env: [] },
  ];
  output.command({ do: 'look_up_stacks', key: key(1) }, ...kept);
  brief.ended(key(1));
  t.same(brief.answers(output), [
    { fact: 'stacks', key: key(1), gone: true, stacks: [], pending: false, unreadable: [] },
  ]);
  t.same(output.take().commands, kept);
});

t.test('the next batch begins with nobody', async (t) => {
  const [output, brief] = [new Output(), new BriefLives()];
  brief.ended(key(1));
  t.same(brief.answers(output), []);
  output.command({ do: 'look_up_stacks', key: key(1) });
  t.same(brief.answers(output), []);
  t.equal(output.take().commands.length, 1);
});
