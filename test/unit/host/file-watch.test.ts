import { copyFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { FilesFact, ProcessKey, TlsStack } from '../../../src/event/index.js';
import { FileWatch } from '../../../src/host/file-watch.js';
import { fileIdOf } from '../../../src/host/file-identity.js';
import { openHost } from '../../../src/host/index.js';
import { ticksOf } from '../../../src/host/procfs.js';
import { startCodePoker } from '../../helpers/code-poker.js';
import { scratchDirectory } from '../../helpers/scratch.js';

const isRoot = process.geteuid?.() === 0;

const code = (seed: number): Buffer => Buffer.alloc(8192, `${seed} some code of a library `);

const scene = (t: Test) => {
  const path = join(scratchDirectory(t), 'libssl.so.3');
  writeFileSync(path, code(1));
  const stack: TlsStack = {
    file: fileIdOf(statSync(path, { bigint: true })),
    path,
    library: 'openssl',
    by: 'symbols',
    sites: [{ call: 'write', entry: 100, returns: [] }],
  };
  const watch = new FileWatch();
  const states = (through: ProcessKey | null = null): string[] =>
    watch.look([{ stack, through }]).answers.map(({ state }) => state);
  return { path, stack, states };
};

t.test('a file that is written over in place is told once', (t) => {
  const { path, states } = scene(t);
  t.same(states(), [], 'what it is the first time is what it is');
  t.same(states(), []);
  writeFileSync(path, code(2));
  t.same(states(), ['rewritten']);
  t.same(states(), []);
  writeFileSync(path, Buffer.alloc(10));
  t.same(states(), ['rewritten'], 'cut short');
  t.end();
});

t.test('a file whose code stays is the same, whatever else changes', (t) => {
  const { path, states } = scene(t);
  states();
  utimesSync(path, 5, 5);
  t.same(states(), []);
  writeFileSync(path, Buffer.concat([code(1), Buffer.from('more')]));
  t.same(states(), []);
  t.end();
});

t.test('a name that means another file, or none, is told once', (t) => {
  const { path, states } = scene(t);
  states();
  writeFileSync(`${path}.new`, code(3));
  renameSync(`${path}.new`, path);
  t.same(states(), ['replaced']);
  t.same(states(), []);
  const gone = scene(t);
  gone.states();
  rmSync(gone.path);
  t.same(gone.states(), ['replaced']);
  t.same(gone.states(), []);
  t.end();
});

t.test('a file without a name is watched through who maps it', { skip: !isRoot }, async (t) => {
  const { path, states } = scene(t);
  const kept = `${path}.kept`;
  const poker = await startCodePoker(t);
  await poker.tell(`map ${path}`);
  const key = { tgid: poker.pid, startNs: (ticksOf(poker.pid) ?? 0n) * 10_000_000n };
  t.same(states(key), []);
  renameSync(path, kept);
  copyFileSync(kept, path);
  t.same(states(key), ['replaced']);
  writeFileSync(kept, code(4));
  t.same(states(key), ['rewritten'], 'under whichever name');
  t.same(states({ ...key, startNs: key.startNs + 50_000_000n }), [], 'nobody to look through');
});

t.test('all have their turn when there is no time for all at once', (t) => {
  const one = scene(t);
  const two = scene(t);
  let now = 0;
  const watch = new FileWatch(() => (now += 3));
  const targets = [one, two].map(({ stack }) => ({ stack, through: null }));
  for (let i = 0; i < 4; i += 1) t.same(watch.look(targets).answers, []);
  writeFileSync(one.path, code(5));
  writeFileSync(two.path, code(6));
  const told = [1, 2].flatMap(() => watch.look(targets).answers.map(({ file }) => file.inode));
  t.same(told.sort(), [one.stack.file.inode, two.stack.file.inode].sort());
  t.same(openHost().filesFact([]), { fact: 'files', answers: [] } satisfies FilesFact);
  t.end();
});
