import { generateKeyPairSync, sign } from 'node:crypto';
import t from 'tap';
import {
  cosign,
  EMPTY_ROOT,
  formatCheckpoint,
  formatTlogProof,
  formatVkey,
  parseCheckpoint,
  parseTlogProof,
  parseVkey,
  publicKeyOf,
  signNote,
  verifyCosignature,
  verifyNote,
} from '../../../src/tlog/index.js';
import type { VerifierKey } from '../../../src/tlog/index.js';

const ORIGIN = 'watchfloor.v1/default/web-1';
const node = generateKeyPairSync('ed25519');
const gateway = generateKeyPairSync('ed25519');
const TEXT = formatCheckpoint({ origin: ORIGIN, size: 1042n, root: EMPTY_ROOT });
const NOTE = signNote(TEXT, ORIGIN, node.privateKey);

function keyOf(vkey: string): VerifierKey {
  const key = parseVkey(vkey);
  if (key === null) throw new Error(`no verifier key: ${vkey}`);
  return key;
}

const cosigner = keyOf(formatVkey('gateway', publicKeyOf(gateway.publicKey), 4));
const signed = (text: string): string => signNote(text, ORIGIN, node.privateKey);

t.test('a checkpoint is what it was made of', async (t) => {
  t.equal(TEXT, `${ORIGIN}\n1042\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`);
  t.same(parseCheckpoint(NOTE), { origin: ORIGIN, size: 1042n, root: EMPTY_ROOT });
  const extended = parseCheckpoint(signed(`${TEXT}an extension\nanother\n`));
  t.same(extended, parseCheckpoint(NOTE), 'extension lines are passed over');
});

t.test('what is no checkpoint is null', async (t) => {
  const root = EMPTY_ROOT.toString('base64');
  const bad = [
    `${ORIGIN}\n1042\n`,
    `\n1042\n${root}\n`,
    `${ORIGIN}\n01042\n${root}\n`,
    `${ORIGIN}\n-1\n${root}\n`,
    `${ORIGIN}\n0x12\n${root}\n`,
    `${ORIGIN}\n18446744073709551616\n${root}\n`,
    `${ORIGIN}\n1042\n${root.slice(4)}\n`,
    `${ORIGIN}\n1042\n${root.replace('=', '')}\n`,
    `${TEXT}\nbehind an empty line\n`,
  ];
  for (const text of bad) t.equal(parseCheckpoint(signed(text)), null, text);
  t.equal(parseCheckpoint(TEXT), null, 'not signed');
  t.equal(parseCheckpoint(''), null);
});

t.test(
  'a cosignature is what C2SP says: a time, and a signature over it and the text',
  async (t) => {
    const time = 1_679_315_147n;
    const message = Buffer.from(`cosignature/v1\ntime ${time}\n${TEXT}`);
    const id = Buffer.alloc(4);
    id.writeUInt32BE(cosigner.id);
    const seconds = Buffer.alloc(8);
    seconds.writeBigUInt64BE(time);
    const data = Buffer.concat([id, seconds, sign(null, message, gateway.privateKey)]);
    const cosigned = cosign(NOTE, 'gateway', gateway.privateKey, time);
    t.equal(cosigned, `${NOTE}\u2014 gateway ${data.toString('base64')}\n`);
    t.same(verifyCosignature(cosigned, cosigner), { time });
    t.ok(verifyNote(cosigned, keyOf(formatVkey(ORIGIN, publicKeyOf(node.publicKey)))));
  },
);

t.test('of two cosignatures the later one counts, and both have to hold', async (t) => {
  const twice = cosign(
    cosign(NOTE, 'gateway', gateway.privateKey, 9n),
    'gateway',
    gateway.privateKey,
    7n,
  );
  t.same(verifyCosignature(twice, cosigner), { time: 9n });
  const [line = ''] = cosign(signed('x\n'), 'gateway', gateway.privateKey, 9n)
    .split('\n')
    .slice(-2);
  t.equal(verifyCosignature(`${twice}${line}\n`, cosigner), null);
});

t.test('no cosignature is null', async (t) => {
  const cosigned = cosign(NOTE, 'gateway', gateway.privateKey, 9n);
  t.equal(verifyCosignature(NOTE, cosigner), null);
  t.equal(verifyCosignature(cosigned.replace('1042', '1043'), cosigner), null);
  t.equal(verifyCosignature(cosigned, { ...cosigner, type: 1 }), null);
  t.equal(verifyCosignature('', cosigner), null);
  const id = Buffer.alloc(4);
  id.writeUInt32BE(cosigner.id);
  for (const length of [1, 8, 64, 71, 73]) {
    const data = Buffer.concat([id, Buffer.alloc(length)]).toString('base64');
    t.equal(verifyCosignature(`${NOTE}\u2014 gateway ${data}\n`, cosigner), null, `${length}`);
  }
  t.throws(() => cosign(TEXT, 'gateway', gateway.privateKey, 9n), RangeError);
});

t.test('a proof is what it was made of, with or without extra data', async (t) => {
  const made = { index: 73_894n, proof: [EMPTY_ROOT, EMPTY_ROOT], checkpoint: NOTE };
  const text = formatTlogProof(made);
  const hash = EMPTY_ROOT.toString('base64');
  t.equal(text, `c2sp.org/tlog-proof@v1\nindex 73894\n${hash}\n${hash}\n\n${NOTE}`);
  t.same(parseTlogProof(text), made);
  t.same(parseTlogProof(text.replace('\nindex', '\nextra YWdl\nindex')), made);
  const single = { index: 0n, proof: [], checkpoint: NOTE };
  t.same(parseTlogProof(formatTlogProof(single)), single);
});

t.test('what is no proof is null', async (t) => {
  const text = formatTlogProof({ index: 1n, proof: [EMPTY_ROOT], checkpoint: NOTE });
  const bad = [
    '',
    text.replace('@v1', '@v2'),
    text.replace('index 1', 'index -1'),
    text.replace('index 1', 'index 01'),
    text.replace('index 1', 'index 99999999999999999999'),
    text.replace('index 1', 'Index 1'),
    text.replace('\nindex', '\nextra *\nindex'),
    text.replace('47DE', '47D'),
    text.slice(0, -1),
    formatTlogProof({ index: 1n, proof: Array<Buffer>(65).fill(EMPTY_ROOT), checkpoint: NOTE }),
    `${text}${'a'.repeat(1 << 20)}`,
  ];
  for (const each of bad) t.equal(parseTlogProof(each), null, JSON.stringify(each.slice(0, 60)));
});
