import { join } from 'node:path';
import t from 'tap';
import { readSignerState, Signer } from '../../src/signer/index.js';
import { parseVkey, verifyNote } from '../../src/tlog/index.js';
import { NaiveTree } from '../helpers/naive-tree.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { ORIGIN, step } from '../helpers/signer.js';

const tree = new NaiveTree(64);

t.test('what the signer signs is what the other rooms read and verify', async (t) => {
  const directory = join(scratchDirectory(t), 'signer');
  const signer = await Signer.start({ directory, origin: ORIGIN });
  t.teardown(() => signer.stop());
  t.same(readSignerState(directory), { vkey: signer.vkey, state: signer.state, problems: [] });
  const key = parseVkey(signer.vkey);
  if (key === null) throw new Error(`not a verifier key: ${signer.vkey}`);

  const answer = await signer.checkpoint(step(tree, 0, 37));
  t.ok(answer.ok && verifyNote(answer.note, key));
  const heartbeat = await signer.heartbeat(1n, tree.root(1));
  t.ok(verifyNote(heartbeat ?? '', key));
  t.same(await signer.checkpoint(step(tree, 0, 40)), { ok: false, reason: 'inconsistent' });
  t.same(readSignerState(directory), { vkey: signer.vkey, state: signer.state, problems: [] });

  await signer.stop();
  const again = await Signer.start({ directory, origin: ORIGIN });
  t.teardown(() => again.stop());
  t.equal(again.vkey, signer.vkey);
  t.same(again.state, signer.state);
  t.match(await again.checkpoint(step(tree, 37, 64)), { ok: true, note: /\n64\n/ });
});

t.test('a directory that cannot be made is an error with what to do', async (t) => {
  const directory = join(scratchDirectory(t), 'none', 'signer');
  await t.rejects(Signer.start({ directory, origin: ORIGIN }), {
    name: 'SignerError',
    code: 'EIO',
    message: /make .*none\/signer: No such file or directory; look at the disk/,
  });
});

t.test('an origin that no note could bear is refused', async (t) => {
  const directory = join(scratchDirectory(t), 'signer');
  await t.rejects(Signer.start({ directory, origin: 'two\nlines' }), { code: 'EINVAL' });
});
