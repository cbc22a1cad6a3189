import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import {
  formatVkey,
  MAX_NOTE_BYTES,
  parseNote,
  parseVkey,
  publicKeyOf,
  signNote,
  verifyNote,
} from '../../../src/tlog/index.js';
import type { VerifierKey } from '../../../src/tlog/index.js';

/** The example of golang.org/x/mod/sumdb/note, which C2SP signed-note keeps. */
const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const SEED = 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const TEXT =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n";
const SIGNATURE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const NOTE = `${TEXT}\n${SIGNATURE}`;

function keyOf(vkey: string): VerifierKey {
  const key = parseVkey(vkey);
  if (key === null) throw new Error(`no verifier key: ${vkey}`);
  return key;
}

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const seed = Buffer.from(SEED, 'base64').subarray(1);
const peter = createPrivateKey({
  key: Buffer.concat([PKCS8, seed]),
  format: 'der',
  type: 'pkcs8',
});
const other = generateKeyPairSync('ed25519');

t.test('the known key signs the known note, byte for byte', async (t) => {
  t.equal(signNote(TEXT, 'PeterNeumann', peter), NOTE);
  t.ok(verifyNote(NOTE, keyOf(VKEY)));
  t.equal(parseNote(NOTE)?.text, TEXT);
});

t.test('the known verifier key is read and written the same', async (t) => {
  t.match(keyOf(VKEY), { name: 'PeterNeumann', id: 0xc74f20a3, type: 1 });
  t.equal(formatVkey('PeterNeumann', publicKeyOf(peter)), VKEY);
  t.same(keyOf(`${VKEY}\n`), keyOf(VKEY), 'as it stands in a file');
  const private4 = formatVkey('a/b', publicKeyOf(other.publicKey), 4);
  t.equal(keyOf(private4).type, 4);
  t.same(publicKeyOf(other.privateKey), publicKeyOf(other.publicKey));
});

t.test('what is no verifier key is null', async (t) => {
  const bad = [
    '',
    'PeterNeumann',
    VKEY.replace('c74f20a3', 'c74f20a4'),
    VKEY.replace('c74f20a3', 'C74F20A3'),
    VKEY.replace('PeterNeumann', 'Peter Neumann'),
    VKEY.replace('PeterNeumann', ''),
    VKEY.slice(0, -4),
    `${VKEY}=`,
    VKEY.replace('+AR', '+Ax'),
    `${'n'.repeat(5000)}${VKEY}`,
    'a\u001bb+00000000+AQ==',
  ];
  for (const text of bad) t.equal(parseVkey(text), null, JSON.stringify(text.slice(0, 80)));
  t.throws(() => formatVkey('a b', publicKeyOf(peter)), RangeError);
  t.throws(() => formatVkey('a', Buffer.alloc(31)), RangeError);
});

t.test('no character of a note can be another', async (t) => {
  const key = keyOf(VKEY);
  for (let at = 0; at < NOTE.length; at += 1) {
    const changed = `${NOTE.slice(0, at)}${NOTE[at] === 'x' ? 'y' : 'x'}${NOTE.slice(at + 1)}`;
    if (verifyNote(changed, key)) t.fail(`at ${at}`);
    if (verifyNote(NOTE.slice(0, at), key)) t.fail(`cut at ${at}`);
  }
});

t.test(
  'signatures of others are passed over, a bad one of the own name and id is not',
  async (t) => {
    const foreign = signNote(TEXT, 'witness', other.privateKey).slice(TEXT.length + 1);
    t.ok(verifyNote(NOTE + foreign, keyOf(VKEY)));
    t.ok(verifyNote(`${TEXT}\n${foreign}${SIGNATURE}`, keyOf(VKEY)));
    t.notOk(verifyNote(`${TEXT}\n${foreign}`, keyOf(VKEY)));
    const forged = SIGNATURE.replace('x08go/ZJ', 'x08go/ZK');
    t.notOk(verifyNote(`${TEXT}\n${SIGNATURE}${forged}`, keyOf(VKEY)));
    const short = `— PeterNeumann ${Buffer.from('c74f20a300', 'hex').toString('base64')}\n`;
    t.notOk(verifyNote(`${TEXT}\n${short}`, keyOf(VKEY)));
    t.notOk(verifyNote(NOTE, { ...keyOf(VKEY), type: 4 }), 'a cosigner signs something else');
    t.notOk(verifyNote(NOTE, { ...keyOf(VKEY), publicKey: Buffer.alloc(32, 255) }), 'no point');
  },
);

t.test('what is no signed note is null, however large', async (t) => {
  const lines = (count: number): string => `${TEXT}\n${SIGNATURE.repeat(count)}`;
  t.equal(parseNote(lines(16))?.signatures.length, 16);
  const bad = [
    '',
    '\n',
    TEXT,
    `${TEXT}\n`,
    SIGNATURE,
    NOTE.slice(0, -1),
    `${NOTE}\n`,
    NOTE.replace('— ', '- '),
    NOTE.replace('you', 'y\rou'),
    NOTE.replace('you', 'y\u007fou'),
    NOTE.replace('you', 'y\ud800ou'),
    NOTE.replace('x08go/', 'x08g*/'),
    `${TEXT}\n— PeterNeumann AAAA\n`,
    lines(17),
    lines(100_000),
    `${'a'.repeat(MAX_NOTE_BYTES)}\n${NOTE}`,
    `${'\u20ac'.repeat(MAX_NOTE_BYTES / 3)}\n${NOTE}`,
  ];
  for (const text of bad) t.equal(parseNote(text), null, JSON.stringify(text.slice(0, 60)));
});

t.test('a text that no note can have is not signed', async (t) => {
  t.throws(() => signNote('no line feed', 'a', peter), RangeError);
  t.throws(() => signNote('\u0000\n', 'a', peter), RangeError);
  t.throws(() => signNote('x\n', 'a b', peter), RangeError);
});
