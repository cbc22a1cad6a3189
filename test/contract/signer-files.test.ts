import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Owner } from '../helpers/children.js';
import { NaiveTree } from '../helpers/naive-tree.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { identify, sign, startSigner, step } from '../helpers/signer.js';

const NO_PERMISSION = 77;
const CONFIG = 78;
const tree = new NaiveTree(64);

interface Used {
  readonly directory: string;
  readonly vkey: string;
  readonly older: Buffer;
}

/** A signer's directory after checkpoints of 20 records, the state of then as `older`, and of 37. */
async function used(t: Owner): Promise<Used> {
  const directory = join(scratchDirectory(t), 'signer');
  const signer = startSigner(t, directory);
  await sign(signer, step(tree, 0, 20));
  const older = readFileSync(join(directory, 'state'));
  await sign(signer, step(tree, 20, 37));
  const { vkey } = await identify(signer);
  signer.end();
  await signer.ended;
  return { directory, vkey, older };
}

/** Everything in a directory, to show that a refusal changed nothing. */
function contents(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).map((entry) => {
    const bytes = entry.isFile() ? readFileSync(join(directory, entry.name)) : '';
    return `${entry.name} ${createHash('sha256').update(bytes).digest('hex')}`;
  });
}

type Spoil = (directory: string) => void;
const mode =
  (name: string, bits: number): Spoil =>
  (d) => {
    chmodSync(join(d, name), bits);
  };
const gone =
  (...names: string[]): Spoil =>
  (d) => {
    for (const name of names) rmSync(join(d, name));
  };
/** The file's bytes, as latin1 text, changed. */
const edited =
  (name: string, edit: (text: string) => string): Spoil =>
  (d) => {
    const path = join(d, name);
    writeFileSync(path, edit(readFileSync(path, 'latin1')), 'latin1');
  };
const longer = (name: string, more: string): Spoil => edited(name, (text) => text + more);
const shorter = (name: string, bytes: number): Spoil =>
  edited(name, (text) => text.slice(0, -bytes));
const resized = (to: string): Spoil =>
  edited('state', (text) => text.replace('\n37\n', `\n${to}\n`));
const linked: Spoil = (d) => {
  renameSync(join(d, 'key'), join(d, 'real'));
  symlinkSync('real', join(d, 'key'));
};
const directoryAsKey: Spoil = (d) => {
  rmSync(join(d, 'key'));
  mkdirSync(join(d, 'key'), 0o700);
};
const otherKey: Spoil = (d) => {
  writeFileSync(join(d, 'key'), Buffer.alloc(32, 7));
};
const both =
  (...spoils: Spoil[]): Spoil =>
  (d) => {
    for (const spoil of spoils) spoil(d);
  };
const withoutRange = edited('state', (text) => text.split('\n\n', 2).join('\n\n') + '\n\n');
// The signature's last character is the one before the second empty line.
const otherSignature = edited('state', (text) => {
  const at = text.indexOf('\n\n', text.indexOf('\n\n') + 1) - 3;
  return `${text.slice(0, at)}!${text.slice(at + 1)}`;
});

const CASES: readonly (readonly [name: string, spoil: Spoil, by: number, reason: RegExp])[] = [
  ['a key that others may read', mode('key', 0o640), NO_PERMISSION, /^key: others may read or/],
  ['a state that others may write', mode('state', 0o622), NO_PERMISSION, /^state: others may wr/],
  ['a directory open to others', mode('.', 0o750), NO_PERMISSION, /: others may read or write it$/],
  ['a symbolic link as key', linked, NO_PERMISSION, /^key: is a symbolic link$/],
  ['a directory as key', directoryAsKey, NO_PERMISSION, /^key: is not a file$/],
  ['a key of 31 bytes', shorter('key', 1), CONFIG, /^key: is not 32 bytes long$/],
  ['a key of 33 bytes', longer('key', 'x'), CONFIG, /^key: is larger than it can be$/],
  ['an empty key', shorter('key', 32), CONFIG, /^key: is not 32 bytes long$/],
  ['another key', otherKey, CONFIG, /^vkey: is of another key or origin than /],
  [
    'another key alone',
    both(otherKey, gone('vkey')),
    CONFIG,
    /^state: was not written by this key/,
  ],
  ['no key', gone('key'), CONFIG, /^key: is missing although there is what it signed$/],
  ['only a vkey', gone('key', 'state'), CONFIG, /^key: is missing although there is what it/],
  ['no state', gone('state'), CONFIG, /^state: is missing although there is a key$/],
  ['no state and no vkey', gone('state', 'vkey'), CONFIG, /^state: is missing although/],
  ['an empty state', edited('state', () => ''), CONFIG, /^state: is of another origin$/],
  ['a state cut at its end', shorter('state', 1), CONFIG, /^state: was not written by this key$/],
  ['a state without range', withoutRange, CONFIG, /^state: has a range that is not its root's$/],
  [
    'a state with one more line',
    longer('state', '\n'),
    CONFIG,
    /^state: has a range that is none$/,
  ],
  ['a state of another size', resized('41'), CONFIG, /^state: was not written by this key$/],
  ['a size in other digits', resized('037'), CONFIG, /^state: was not written by this key$/],
  ['a size beyond 64 bits', resized(String(2n ** 64n)), CONFIG, /^state: is not a checkpoint$/],
  ['another signature', otherSignature, CONFIG, /^state: was not written by this key$/],
  ['a huge state', longer('state', 'x'.repeat(9000)), CONFIG, /^state: is larger than it can be$/],
];

for (const [name, spoil, by, reason] of CASES) {
  t.test(`with ${name} it signs nothing, says so, and changes nothing`, async (t) => {
    const { directory } = await used(t);
    spoil(directory);
    const before = contents(directory);
    const ending = await startSigner(t, directory).ended;
    t.equal(ending.by, by);
    t.match(ending.reason, reason);
    t.same(contents(directory), before);
  });
}

for (const origin of ['watchfloor.v1/default/web-2', 'a+b', 'a b', 'a\nb', 'é', 'x'.repeat(201)]) {
  t.test(
    `as ${JSON.stringify(origin).slice(0, 30)} it does not use the key of another`,
    async (t) => {
      const { directory } = await used(t);
      const before = contents(directory);
      const ending = await startSigner(t, directory, origin).ended;
      t.equal(ending.by, CONFIG);
      t.match(ending.reason, /^vkey: is of another key or origin than |^origin: must be 1 to 200 /);
      t.same(contents(directory), before);
    },
  );
}

const notRoot = process.getuid?.() === 0 ? {} : { skip: 'only root can give a file away' };
t.test('a key that belongs to another user is not used', notRoot, async (t) => {
  const { directory } = await used(t);
  chownSync(join(directory, 'key'), 65534, 65534);
  const ending = await startSigner(t, directory).ended;
  t.match(ending, { by: NO_PERMISSION, reason: 'key: belongs to another user' });
});

t.test('a FIFO in place of a file does not make it wait', async (t) => {
  const { directory } = await used(t);
  rmSync(join(directory, 'state'));
  execFileSync('mkfifo', ['-m', '600', join(directory, 'state')]);
  t.match(await startSigner(t, directory).ended, { by: NO_PERMISSION, reason: /is not a file/ });
});

t.test('a vkey that is missing is written again', async (t) => {
  const { directory, vkey } = await used(t);
  rmSync(join(directory, 'vkey'));
  await identify(startSigner(t, directory));
  t.equal(readFileSync(join(directory, 'vkey'), 'utf8'), `${vkey}\n`);
});

t.test('a vkey may be readable by all', async (t) => {
  const { directory, vkey } = await used(t);
  chmodSync(join(directory, 'vkey'), 0o644);
  t.equal((await identify(startSigner(t, directory))).vkey, vkey);
});

t.test('what a first start left that did not come to its end is begun anew', async (t) => {
  for (const left of [['state'], ['state', 'vkey']]) {
    const directory = join(scratchDirectory(t), 'signer');
    const first = startSigner(t, directory);
    const { vkey } = await identify(first);
    first.end();
    await first.ended;
    for (const name of ['key', 'state', 'vkey'])
      if (!left.includes(name)) rmSync(join(directory, name));
    appendFileSync(join(directory, 'key.tmp'), 'torn', { mode: 0o600 });

    const second = startSigner(t, directory);
    const again = await identify(second);
    t.not(again.vkey, vkey, left.join(' and '));
    t.match(await sign(second, step(tree, 0, 9)), /\n9\n/);
    t.equal(statSync(join(directory, 'key')).size, 32);
  }
});

t.test('an older state of its own cannot be told from the newest', async (t) => {
  // What finds this is who keeps checkpoints: the journal, which anchors in them, and the gateway.
  const { directory, older } = await used(t);
  writeFileSync(join(directory, 'state'), older);
  t.equal((await identify(startSigner(t, directory))).state.size, 20n);
});
