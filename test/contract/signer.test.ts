import { createPublicKey, verify } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { encodeHeartbeat } from '../../src/signer/protocol.js';
import { NaiveTree } from '../helpers/naive-tree.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { identify, ORIGIN, sign, startSigner, step } from '../helpers/signer.js';

const TREE_SIZE = 300;
const tree = new NaiveTree(TREE_SIZE);
const other = new NaiveTree(TREE_SIZE, 'another history');

/** Whether a note is signed by the key of this verifier key, with nothing of ours but the formats of C2SP. */
function isSigned(note: string, vkey: string): boolean {
  // Base64 may hold a plus too.
  const [, name, id, encoded = ''] = /^([^+]+)\+([^+]+)\+(.+)$/.exec(vkey) ?? [];
  const typedKey = Buffer.from(encoded, 'base64');
  const body = note.slice(0, note.indexOf('\n\n') + 1);
  const [dash, signer, bytes = ''] = note.slice(body.length + 1, -1).split(' ');
  const signature = Buffer.from(bytes, 'base64');
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: typedKey.subarray(1).toString('base64url') },
    format: 'jwk',
  });
  return (
    typedKey[0] === 1 &&
    dash === '—' &&
    signer === name &&
    signature.subarray(0, 4).toString('hex') === id &&
    verify(null, Buffer.from(body), key, signature.subarray(4))
  );
}

t.test('the first start makes a key and an empty state, for the owner alone', async (t) => {
  const directory = join(scratchDirectory(t), 'signer');
  const { vkey, state } = await identify(startSigner(t, directory));
  t.equal(statSync(directory).mode & 0o777, 0o700);
  t.same(readdirSync(directory).sort(), ['key', 'state', 'vkey']);
  for (const name of ['key', 'state', 'vkey'])
    t.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
  t.equal(readFileSync(join(directory, 'key')).length, 32);
  t.equal(readFileSync(join(directory, 'vkey'), 'utf8'), `${vkey}\n`);
  t.same(state, { size: 0n, root: tree.root(0), range: [], note: '' });
});

t.test('a checkpoint is a C2SP note that any Ed25519 verifies', async (t) => {
  const signer = startSigner(t, join(scratchDirectory(t), 'signer'));
  const { vkey } = await identify(signer);
  const note = await sign(signer, step(tree, 0, 42));
  t.equal(note.split('\n\n')[0], `${ORIGIN}\n42\n${tree.root(42).toString('base64')}`);
  t.ok(isSigned(note, vkey));
  t.notOk(isSigned(note.replace('42', '43'), vkey), 'and another text does not');
});

t.test('a heartbeat is signed under a name of its own', async (t) => {
  const signer = startSigner(t, join(scratchDirectory(t), 'signer'));
  const { vkey } = await identify(signer);
  const number = 2n ** 64n - 1n;
  const frame = encodeHeartbeat(number, tree.root(1));
  const answer = frame === null ? null : await signer.ask(frame);
  const note = answer?.body.toString() ?? '';
  const digest = tree.root(1).toString('base64');
  t.match(note, `${ORIGIN}/heartbeat\n${String(number)}\n${digest}\n\n— ${ORIGIN} `);
  t.ok(isSigned(note, vkey));
});

t.test('every size extends every smaller one that it was built from', async (t) => {
  const signer = startSigner(t, join(scratchDirectory(t), 'signer'));
  await identify(signer);
  let size = 0;
  for (let stride = 1; size + stride <= TREE_SIZE; stride = (stride * 7) % 31) {
    t.match(await sign(signer, step(tree, size, size + stride)), /\n\n— /, `${size} + ${stride}`);
    size += stride;
  }
});

t.test('every pair of sizes of a small tree is judged as RFC 6962 does', async (t) => {
  const small = 18;
  for (let from = 0; from <= small; from++) {
    const signer = startSigner(t, join(scratchDirectory(t), 'signer'));
    if (from > 0) await sign(signer, step(tree, 0, from));
    for (let to = Math.max(from, 1); to <= small; to++) {
      const good = step(tree, from, to);
      const name = `${String(from)} to ${String(to)}`;
      for (let i = 0; i < good.proof.length; i++) {
        const without = good.proof.filter((_, at) => at !== i);
        const twice = [...good.proof.slice(0, i + 1), ...good.proof.slice(i)];
        const swapped = good.proof.with(i, other.root(1));
        for (const proof of [without, twice, swapped])
          t.equal(await sign(signer, { ...good, proof }), 'inconsistent', name);
      }
    }
    const last = Math.max(from, 1);
    t.match(await sign(signer, step(tree, from, last)), /\n\n— /, `${String(from)} itself`);
  }
});

t.test('after a restart it has the same key and goes on from its state', async (t) => {
  const directory = join(scratchDirectory(t), 'signer');
  const first = startSigner(t, directory);
  const note = await sign(first, step(tree, 0, 100));
  const before = await identify(first);
  first.end();
  t.equal((await first.ended).by, 0, 'the end of its input ends it cleanly');

  const second = startSigner(t, directory);
  t.same(await identify(second), before);
  t.equal(before.state.note, note);
  t.same(before.state.range, tree.range(100));
  t.equal(await sign(second, step(other, 0, 200)), 'inconsistent');
  t.match(await sign(second, step(tree, 100, 200)), /\n200\n/);
});

t.test('it never signs what contradicts what it signed', async (t) => {
  const signer = startSigner(t, join(scratchDirectory(t), 'signer'));
  const note = await sign(signer, step(tree, 0, 100));
  const good = step(tree, 100, 150);
  const refused = {
    'a smaller size': step(tree, 50, 90),
    'a smaller size, said to extend this one': { ...step(tree, 50, 90), oldSize: 100n },
    'another root for the same size': step(other, 100, 100),
    'another history': step(other, 100, 150),
    'a start from nothing': step(tree, 0, 150),
    'another old size': step(tree, 99, 150),
    'another old size over the right proof': { ...good, oldSize: 99n },
    'no proof': { ...good, proof: [] },
    'the proof of another size': { ...good, proof: tree.proof(100, 151) },
    'a proof with one hash more': { ...good, proof: [...good.proof, tree.root(1)] },
  };
  for (const [name, request] of Object.entries(refused))
    t.equal(await sign(signer, request), 'inconsistent', name);
  t.equal((await identify(signer)).state.note, note, 'and its state is what it was');
  t.equal(await sign(signer, step(tree, 100, 100)), note, 'the same again is the same note');
  t.match(await sign(signer, good), /\n150\n/, 'and the true extension is signed');
});

t.test('what could never be signed is invalid', async (t) => {
  const signer = startSigner(t, join(scratchDirectory(t), 'signer'));
  const good = step(tree, 0, 100);
  const invalid = {
    'a tree without records': step(tree, 0, 0),
    'a range that folds to another root': { ...good, range: other.range(100) },
    'a range with a hash too few': { ...good, range: good.range.slice(1) },
    'a range with a hash too many': { ...good, range: [...good.range, tree.root(1)] },
    'a range of another size': { ...good, size: 101n },
  };
  for (const [name, request] of Object.entries(invalid))
    t.equal(await sign(signer, request), 'invalid', name);
  t.equal((await identify(signer)).state.size, 0n);
});

t.test('a disk that refuses the state means no note, and the next try is signed', async (t) => {
  const directory = join(scratchDirectory(t), 'signer');
  const signer = startSigner(t, directory);
  await identify(signer);
  const inTheWay = join(directory, 'state.tmp');
  mkdirSync(inTheWay);
  t.equal(await sign(signer, step(tree, 0, 10)), 'failed');
  t.equal((await identify(signer)).state.size, 0n);
  rmdirSync(inTheWay);
  t.match(await sign(signer, step(tree, 0, 20)), /\n20\n/);
});

t.test('a second signer does not share a directory', async (t) => {
  const directory = join(scratchDirectory(t), 'signer');
  const first = startSigner(t, directory);
  await identify(first);
  const second = startSigner(t, directory);
  t.same(await second.ended, { by: 75, reason: `${directory}: is used by another signer` });
});

t.test('it is closed to others, and has no way out but its three descriptors', async (t) => {
  const directory = join(scratchDirectory(t), 'signer');
  const signer = startSigner(t, directory);
  await identify(signer);
  const proc = `/proc/${String(signer.pid)}`;
  const status = readFileSync(`${proc}/status`, 'utf8');
  t.match(status, /^NoNewPrivs:\t1$/m);
  t.match(status, /^Seccomp:\t2$/m, 'system calls are filtered');
  t.match(status, /^VmLck:\t +[1-9]/m, 'the key is not swapped out');
  t.match(readFileSync(`${proc}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
});

t.test('SIGTERM ends it cleanly, a terminal does not', async (t) => {
  const signer = startSigner(t, join(scratchDirectory(t), 'signer'));
  await identify(signer);
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.kill(signer.pid, signal);
  t.match(await sign(signer, step(tree, 0, 5)), /\n5\n/);
  process.kill(signer.pid, 'SIGTERM');
  t.equal((await signer.ended).by, 0);
});
