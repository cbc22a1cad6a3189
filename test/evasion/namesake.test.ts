import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCommand, type Command } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { makePlace, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { reportOwn } from '../helpers/evasion-result.js';
import { ofKind, type Line } from '../helpers/line.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const TIMES = 20;
const AGENT = 'test/evasion/namesake';
const NOOP = compileTrigger('noop');

/** The namesake is asked about for its name alone, and is nobody's; before that is decided, the agent is there. */
const WAYS: readonly (readonly [what: string, script: string])[] = [
  ['becomes', 'exec "$@"'],
  ['starts', 'exec 3<&0; "$@" <&3 & wait'],
];

for (const [what, script] of WAYS) {
  t.test(
    `an agent is known also when a program of its name ${what} it at once`,
    { skip: whyNoKernel() ?? false },
    async (t) => {
      const [shell, namesake] = [scratchDirectory(t), scratchDirectory(t)].map((folder) => {
        copyFileSync('/bin/bash', join(folder, 'some-agent'));
        return join(folder, 'some-agent');
      });
      const rules = [{ id: AGENT, match: { exe: [shell] } }];
      const daemon = await startDaemon(t, makePlace(t, { agents: { rules } }));
      const live = daemon.follow();
      // What it does before it is known may be missed: it waits until it is.
      const agent: Command = [String(shell), '-c', 'read -r _; "$@"; exit 0', 'agent', NOOP];
      const run = (word: string, ...before: readonly string[]) => {
        const [program, ...args] = [...before, ...agent, word];
        return runCommand(t, [program, ...args], {
          stdio: 'pipe',
          begun: async (child) => {
            await waitFor(`${word} to be known`, () => isKnown(live, word));
            child.stdin?.end('go\n');
          },
        });
      };
      const words = Array.from({ length: TIMES }, (_, i) => `${what}-${i}`);
      for (const word of words) {
        await run(word, String(namesake), '-c', script, 'namesake');
      }
      await run('last');
      await waitFor('the last one', () => did(live, 'last'));
      t.same(
        words.filter((word) => did(live, word)?.agent?.id !== AGENT),
        [],
        `all ${TIMES}`,
      );
      t.equal(await daemon.stop(), 0);
      reportOwn(t, 'E17', `a program with the name of an agent ${what} it at once`, ['exec']);
    },
  );
}

/** Its shell is the agent's. */
const isKnown = (lines: readonly Line[], word: string): boolean =>
  ofKind(lines, 'exec').some(
    ({ process, agent }) => agent?.id === AGENT && process?.argv.at(-1) === word,
  );

const did = (lines: readonly Line[], word: string): Line | undefined =>
  ofKind(lines, 'exec').find(({ process }) => process?.argv[1] === word);
