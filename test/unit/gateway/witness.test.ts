import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Witness } from '../../../src/gateway/witness.js';
import { parseVkey, TYPE_COSIGNATURE, verifyCosignature } from '../../../src/tlog/index.js';
import { decodeRecord } from '../../../src/record/index.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { FakeNode } from './fake-node.js';

t.test('the key is made once, for its owner alone, and is the same ever after', async (t) => {
  const directory = scratchDirectory(t);
  const [one, two] = await Promise.all([
    Witness.open(directory, 'a'),
    Witness.open(directory, 'a'),
  ]);
  t.equal(one.vkey, two.vkey, 'also when two begin at once');
  t.equal((await Witness.open(directory, 'a')).vkey, one.vkey);
  const path = join(directory, 'key');
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.equal(readFileSync(path).length, 32);
  t.equal(parseVkey(one.vkey)?.type, TYPE_COSIGNATURE);
});

t.test('a file that is no key is refused, and stays as it is', async (t) => {
  const directory = scratchDirectory(t);
  writeFileSync(join(directory, 'key'), 'short');
  const refused = await Witness.open(directory, 'a').catch((error: unknown) => error);
  t.match(refused, { exitCode: 69, remedy: /backup/ });
  t.equal(readFileSync(join(directory, 'key'), 'utf8'), 'short');
});

t.test('a cosignature says when, and verifies with the key that is printed', async (t) => {
  const witness = await Witness.open(scratchDirectory(t), 'a');
  const node = new FakeNode();
  node.many(2);
  const decoded = decodeRecord(node.checkpoint().bytes);
  const note = (decoded.ok && decoded.record.checkpoint?.note) || '';
  const cosigned = witness.cosign(note, 1_700_000_000_999);
  t.same(verifyCosignature(cosigned, parseVkey(witness.vkey)!), { time: 1_700_000_000n });
  t.ok(cosigned.startsWith(note));
});
