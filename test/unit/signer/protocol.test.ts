import t from 'tap';
import {
  AnswerReader,
  decodeIdentity,
  encodeCheckpoint,
  encodeHeartbeat,
  encodeStateRequest,
} from '../../../src/signer/protocol.js';

const hash = (fill: number) => Buffer.alloc(32, fill);
const request = {
  size: 0x0102030405060708n,
  root: hash(0xaa),
  oldSize: 3n,
  proof: [hash(0xbb)],
  range: [hash(0xcc), hash(0xdd)],
};

/** An answer's frame. */
function answer(outcome: number, body: Buffer | string, version = 1): Buffer {
  const payload = Buffer.concat([Buffer.of(version, outcome), Buffer.from(body)]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(payload.length);
  return Buffer.concat([length, payload]);
}

t.test('a checkpoint is sent field by field, numbers little endian', async (t) => {
  const expected = [
    '94000000', // what follows: 148 bytes
    '0102', // version, kind
    '0807060504030201',
    'aa'.repeat(32),
    '0300000000000000',
    '0102', // one hash of proof, two of range
    'bb'.repeat(32) + 'cc'.repeat(32) + 'dd'.repeat(32),
  ];
  t.equal(encodeCheckpoint(request)?.toString('hex'), expected.join(''));
});

t.test('a heartbeat and the question for the state are sent as they are', async (t) => {
  t.equal(encodeStateRequest().toString('hex'), '020000000101');
  const heartbeat = encodeHeartbeat(258n, hash(1))?.toString('hex');
  t.equal(heartbeat, `2a00000001030201000000000000${'01'.repeat(32)}`);
});

t.test('the longest checkpoint fits a frame, and what is longer is not sent', async (t) => {
  const hashes = Array.from({ length: 64 }, () => hash(1));
  const longest = { ...request, size: 2n ** 64n - 1n, proof: hashes, range: hashes };
  t.ok((encodeCheckpoint(longest)?.length ?? Infinity) <= 8192);
  const impossible = [
    { ...longest, proof: [...hashes, hash(1)] },
    { ...longest, range: [...hashes, hash(1)] },
    { ...longest, size: 2n ** 64n },
    { ...longest, oldSize: -1n },
    { ...longest, root: Buffer.alloc(31) },
    { ...longest, proof: [Buffer.alloc(33)] },
  ];
  for (const one of impossible) t.equal(encodeCheckpoint(one), null);
  t.equal(encodeHeartbeat(-1n, hash(1)), null);
  t.equal(encodeHeartbeat(1n, Buffer.alloc(20)), null);
});

t.test('answers are the same however the bytes are cut', async (t) => {
  const bytes = Buffer.concat([answer(0, 'a note'), answer(1, ''), answer(3, 'no room')]);
  const expected = [
    { outcome: 'ok', body: Buffer.from('a note') },
    { outcome: 'inconsistent', body: Buffer.alloc(0) },
    { outcome: 'failed', body: Buffer.from('no room') },
  ];
  for (let cut = 1; cut <= bytes.length; cut++) {
    const reader = new AnswerReader();
    const found = [];
    for (let at = 0; at < bytes.length; at += cut)
      found.push(...(reader.push(bytes.subarray(at, at + cut)) ?? []));
    t.same(found, expected, `pieces of ${String(cut)}`);
  }
});

t.test('what is no answer is told at once, however much of it follows', async (t) => {
  const wrong = {
    'too short': Buffer.of(1, 0, 0, 0, 1),
    'too long': Buffer.of(0xfd, 0x1f, 0, 0),
    'another version': answer(0, '', 2),
    'an outcome that there is not': answer(4, ''),
  };
  for (const [name, bytes] of Object.entries(wrong))
    t.equal(new AnswerReader().push(bytes), null, name);
});

t.test('an identity is read, or is none when it is cut anywhere before its note', async (t) => {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(3n);
  const head = Buffer.concat([size, hash(1), Buffer.of(2), hash(2), hash(3), Buffer.of(4, 0)]);
  const body = Buffer.concat([head, Buffer.from('vkeynote')]);
  t.same(decodeIdentity(body), {
    vkey: 'vkey',
    state: { size: 3n, root: hash(1), range: [hash(2), hash(3)], note: 'note' },
  });
  for (let end = 0; end < head.length + 4; end++)
    t.equal(decodeIdentity(body.subarray(0, end)), null, String(end));
  const tooMany = Buffer.concat([size, hash(1), Buffer.of(65), Buffer.alloc(65 * 32 + 2)]);
  t.equal(decodeIdentity(tooMany), null, 'a range of 65');
});

t.test('before the first checkpoint there is no note', async (t) => {
  const head = Buffer.concat([Buffer.alloc(8), hash(1), Buffer.of(0), Buffer.of(4, 0)]);
  const empty = decodeIdentity(Buffer.concat([head, Buffer.from('vkeynote of the empty tree')]));
  t.same(empty?.state, { size: 0n, root: hash(1), range: [], note: '' });
});
