import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ProbesAnswer, ProcessKey, TlsStack } from '../../../src/event/index.js';
import { attest } from '../../../src/host/attest.js';
import { fileIdOf } from '../../../src/host/file-identity.js';
import { openHost } from '../../../src/host/index.js';
import { startCodePoker } from '../../helpers/code-poker.js';
import { scratchDirectory } from '../../helpers/scratch.js';

/** Another process's memory and its map_files are root's to see. */
const skip = process.geteuid?.() === 0 && process.arch === 'x64' ? false : 'needs root on x86-64';

const keyOf = (pid: number): ProcessKey => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { tgid: pid, startNs: BigInt(ticks) * 10_000_000n };
};

const FIRST = 0x123;
const SECOND = 0x1800;

/** A process that maps a file of two pages of code with two probes in it, one with a place where it is left. */
const scene = async (t: Test, how = '') => {
  const path = join(scratchDirectory(t), 'lib.so');
  const code = Buffer.from(Array.from({ length: 8192 }, (_, i) => (i * 7) & 0x7f));
  writeFileSync(path, code);
  const stack: TlsStack = {
    file: fileIdOf(statSync(path, { bigint: true })),
    path,
    library: 'openssl',
    by: 'symbols',
    sites: [
      { call: 'write', entry: FIRST, returns: [] },
      { call: 'go_read', entry: FIRST, returns: [SECOND] },
    ],
  };
  const poker = await startCodePoker(t);
  await poker.tell(`map ${path} ${how}`);
  const key = keyOf(poker.pid);
  const look = (): ProbesAnswer | undefined => attest([{ key, stack }]).answers[0];
  return { path, stack, key, look, ...poker };
};

t.test('a probe that stands in memory is there, whatever else was trapped', { skip }, async (t) => {
  const { look, tell, key, stack } = await scene(t);
  for (const offset of [FIRST, SECOND, FIRST + 9, 0x10]) await tell(`write ${offset} cc`);
  t.strictSame(look(), {
    key,
    file: stack.file,
    library: 'openssl',
    state: 'whole',
    checked: 2,
    altered: [],
  });
});

t.test('what was written over a probe, or beside it, is told', { skip }, async (t) => {
  const { look, tell, path } = await scene(t);
  for (const offset of [FIRST, SECOND]) await tell(`write ${offset} cc`);
  const original = readFileSync(path).toString('hex', FIRST, FIRST + 1);
  await tell(`write ${FIRST} ${original}`);
  t.match(look(), { state: 'altered', altered: [{ offset: FIRST, flaw: 'restored' }] });
  t.equal(look()?.altered.length, 1);
  await tell(`protect ${FIRST} 90`);
  t.match(look(), { altered: [{ offset: FIRST, flaw: 'overwritten' }] });
  await tell(`write ${FIRST} cc`);
  t.match(look(), { state: 'whole' });
  await tell(`write ${FIRST - 20} e9`);
  t.match(look(), { altered: [{ offset: FIRST, flaw: 'patched' }] });
  await tell(`drop ${FIRST}`);
  t.match(look(), { altered: [{ offset: FIRST, flaw: 'restored' }] }, 'its page was given back');
});

t.test('a mapping that takes no probes is told as such', { skip }, async (t) => {
  for (const how of ['shared', 'writable']) {
    const { look, tell } = await scene(t, how);
    const expected = [FIRST, SECOND].map((offset) => ({ offset, flaw: 'unprobed' }));
    t.match(look(), { state: 'altered', checked: 2, altered: expected }, how);
    if (how === 'shared') continue;
    await tell(`write ${FIRST} cc`);
    await tell(`write ${SECOND} cc`);
    t.match(look(), { state: 'whole' }, 'set before it became writable');
  }
});

t.test('nothing is said of a process that ended or maps another file', { skip }, async (t) => {
  const { key, stack, look } = await scene(t);
  const other = { ...stack, file: { ...stack.file, inode: stack.file.inode + 1n } };
  const elsewhere = { ...stack, file: { ...stack.file, dev: stack.file.dev + 1n } };
  const beyond = { ...stack, sites: [{ call: 'write', entry: 1 << 20, returns: [] }] } as const;
  const later = { ...key, startNs: key.startNs + 50_000_000n };
  const answers = attest([
    { key: later, stack },
    { key, stack: other },
    { key, stack: elsewhere },
    { key, stack: beyond },
  ]).answers;
  t.same(
    answers.map(({ state, checked }) => `${state} ${checked}`),
    Array(4).fill('gone 0'),
  );
  t.match(look(), { state: 'altered' }, 'it lives, and has no probes');
});

t.test('what the time does not reach is postponed', async (t) => {
  const key = { tgid: process.pid, startNs: 1n };
  const stack: TlsStack = {
    ...{ file: { dev: 1n, inode: 1n }, path: '/x', library: 'openssl', by: 'symbols', sites: [] },
  };
  let now = 0;
  const fact = attest(
    [1, 2, 3].map(() => ({ key, stack })),
    () => (now += 3),
  );
  t.same(
    fact.answers.map(({ state }) => state),
    ['gone', 'postponed', 'postponed'],
  );
  t.match(openHost().probesFact([]), { fact: 'probes', answers: [] });
});
