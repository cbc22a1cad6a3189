import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readSignerState } from '../../../src/signer/index.js';
import { formatCheckpoint, formatVkey, publicKeyOf, signNote } from '../../../src/tlog/index.js';
import type { Owner } from '../../helpers/children.js';
import { NaiveTree } from '../../helpers/naive-tree.js';
import { scratchDirectory } from '../../helpers/scratch.js';

const ORIGIN = 'watchfloor.v1/default/web-1';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const vkey = formatVkey(ORIGIN, publicKeyOf(publicKey));
const tree = new NaiveTree(100);

function noteOf(size: number, root = tree.root(size)): string {
  return signNote(
    formatCheckpoint({ origin: ORIGIN, size: BigInt(size), root }),
    ORIGIN,
    privateKey,
  );
}

const lines = (hashes: readonly Buffer[]) =>
  hashes.map((hash) => `${hash.toString('base64')}\n`).join('');

/** A directory with these files. */
function directoryOf(t: Owner, files: Readonly<Record<string, string>>): string {
  const directory = scratchDirectory(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

t.test('key and state are read as the signer wrote them', async (t) => {
  const note = noteOf(37);
  const state = `${note}\n${lines(tree.range(37))}`;
  t.same(readSignerState(directoryOf(t, { vkey: `${vkey}\n`, state })), {
    vkey,
    state: { size: 37n, root: tree.root(37), range: tree.range(37), note },
    problems: [],
  });
});

t.test('a signer that has signed nothing yet has a state without note', async (t) => {
  const { state } = readSignerState(directoryOf(t, { state: `${noteOf(0)}\n` }));
  t.same(state, { size: 0n, root: tree.root(0), range: [], note: '' });
});

t.test('where there is nothing there is no problem', async (t) => {
  const nothing = { vkey: null, state: null, problems: [] };
  t.same(readSignerState(scratchDirectory(t)), nothing);
  t.same(readSignerState(join(scratchDirectory(t), 'none')), nothing);
});

t.test('what is there and is not a state is a problem, not an exception', async (t) => {
  const note = noteOf(37);
  const range = lines(tree.range(37));
  const bad = {
    empty: '',
    noise: '\u0000\ufffd'.repeat(100),
    'the note alone': note,
    'no range': `${note}\n`,
    'the range of another size': `${note}\n${lines(tree.range(36))}`,
    'a range that does not fold': `${note}\n${lines([...tree.range(37)].reverse())}`,
    'a hash cut': `${note}\n${range.slice(0, -2)}`,
    'a hash of another length': `${note}\n${range}AAAA\n`,
    'text behind': `${note}\n${range}\nmore\n`,
    'another root': `${noteOf(37, tree.root(36))}\n${range}`,
    'a range of 65': `${note}\n${lines(Array.from({ length: 65 }, () => tree.root(1)))}`,
    'more than any state': `${note}\n${range}`.padEnd(20_000, 'x'),
  };
  for (const [name, state] of Object.entries(bad)) {
    const found = readSignerState(directoryOf(t, { state }));
    t.equal(found.state, null, name);
    t.match(found.problems, [/^signer\/state /], name);
  }
});

t.test('what is no verifier key is a problem', async (t) => {
  for (const text of [
    '',
    'x',
    `${vkey}\n${vkey}\n`,
    vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
  ]) {
    const found = readSignerState(directoryOf(t, { vkey: text }));
    t.equal(found.vkey, null);
    t.match(found.problems, [/^signer\/vkey /]);
  }
});

t.test('links are not followed, FIFOs not waited for, directories not read', async (t) => {
  const target = directoryOf(t, { vkey });
  const linked = scratchDirectory(t);
  symlinkSync(join(target, 'vkey'), join(linked, 'vkey'));
  t.match(readSignerState(linked), { vkey: null, problems: [/vkey cannot be opened: ELOOP/] });
  const fifo = scratchDirectory(t);
  execFileSync('mkfifo', [join(fifo, 'state')]);
  t.match(readSignerState(fifo), { state: null, problems: [/state is not a file/] });
  const directory = scratchDirectory(t);
  mkdirSync(join(directory, 'state'));
  t.match(readSignerState(directory), { state: null, problems: [/state is not a file/] });
});
