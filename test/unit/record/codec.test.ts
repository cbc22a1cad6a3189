import { readFileSync, readdirSync } from 'node:fs';
import protobuf from 'protobufjs/minimal.js';
import t from 'tap';
import {
  decodeRecord,
  encodeRecord,
  MAX_RECORD_BYTES,
  readSeq,
} from '../../../src/record/index.js';
import type { StoredRecord } from '../../../src/record/index.js';

const golden = readdirSync('test/fixtures/golden')
  .filter((name) => name.endsWith('.bin'))
  .map((name) => readFileSync(`test/fixtures/golden/${name}`));

const decode = (bytes: Uint8Array): StoredRecord => {
  const decoded = decodeRecord(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.record;
};

t.test('64-bit values survive exactly, at every border', async (t) => {
  const borders = [1n, 127n, 128n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n];
  for (const value of borders) {
    for (const wallNs of [value, -value]) {
      const record = decode(encodeRecord({ seq: value, wallNs, process: { startNs: value } }));
      t.same([record.seq, record.wallNs, record.process?.startNs], [value, wallNs, value]);
    }
  }
  const all = 2n ** 64n - 1n;
  const record = decode(encodeRecord({ seq: all, gap: { count: all, firstSeq: 0n } }));
  t.same([record.seq, record.gap?.count, record.gap?.firstSeq], [all, all, 0n]);
  t.equal(record.gap?.lastSeq, null, 'an absent optional is not a zero');
});

t.test('a zero of any type takes no bytes', async (t) => {
  t.equal(encodeRecord({ seq: 0n, wallNs: 0n, epoch: 0, kind: '', claim: 0 }).length, 0);
});

t.test('decoding and encoding again gives the same bytes', async (t) => {
  for (const bytes of golden) t.ok(bytes.equals(encodeRecord(decode(bytes))));
});

t.test('the number of a record is read without decoding it', async (t) => {
  for (const bytes of golden) t.equal(readSeq(bytes), decode(bytes).seq);
  t.equal(readSeq(encodeRecord({ node: 'n', kind: 'exec' })), null, 'it has none');
  t.equal(readSeq(encodeRecord({ node: 'n' })), null, 'it ends before');
  t.equal(readSeq(Buffer.from([0x32, 0])), null, 'the field has another type');
  t.equal(readSeq(Buffer.from([0x0a, 200, 1])), null, 'cut in the field before');
});

t.test('a kind, a field and an enum value of a later version are no error', async (t) => {
  const writer = new protobuf.Writer();
  const known = encodeRecord({ kind: 'wormhole', claim: 77, seq: 5n });
  const bytes = Buffer.concat([
    known,
    writer
      .uint32((999 << 3) | 2)
      .string('later')
      .finish(),
  ]);
  const record = decode(bytes);
  t.same([record.kind, record.claim, record.seq], ['wormhole', 77, 5n]);
});

t.test('a lone surrogate becomes the replacement character, not invalid UTF-8', async (t) => {
  for (const pad of ['', 'x'.repeat(50), 'x'.repeat(200)]) {
    t.equal(decode(encodeRecord({ node: `${pad}\ud800y` })).node, `${pad}\ufffdy`);
  }
});

t.test('bytes cut or flipped anywhere are decoded or refused, never thrown', async (t) => {
  let refused = 0;
  for (const bytes of golden) {
    for (let at = 0; at < bytes.length; at += 1) {
      if (!decodeRecord(bytes.subarray(0, at)).ok) refused += 1;
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0xff;
      if (!decodeRecord(flipped).ok) refused += 1;
    }
  }
  t.ok(refused > 1000, `${refused} refused`);
});

t.test('size, depth, number of fields and length prefixes are bounded', async (t) => {
  t.match(decodeRecord(Buffer.alloc(MAX_RECORD_BYTES + 1)), { ok: false, reason: 'too large' });
  t.match(decodeRecord(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07])), { ok: false });
  t.match(decodeRecord(Buffer.alloc(12, 0xff)), { ok: false });
  const callStack = (depth: number): Uint8Array => {
    let node: Uint8Array = new Uint8Array();
    for (let level = 0; level < depth; level += 1) {
      node = new protobuf.Writer()
        .uint32((5 << 3) | 2)
        .bytes(node)
        .finish();
    }
    const audit = new protobuf.Writer()
      .uint32((28 << 3) | 2)
      .bytes(node)
      .finish();
    return new protobuf.Writer()
      .uint32((15 << 3) | 2)
      .bytes(audit)
      .finish();
  };
  t.match(decodeRecord(callStack(60)), { ok: true });
  for (const depth of [64, 10_000]) {
    t.match(decodeRecord(callStack(depth)), { ok: false, reason: 'max depth exceeded' });
  }
  const groups = Buffer.alloc(100_000, (99 << 3) | 3);
  t.match(decodeRecord(groups), { ok: false }, 'groups within groups');
  const links = new protobuf.Writer()
    .uint32((17 << 3) | 2)
    .bytes(chain(70_000))
    .finish();
  t.match(decodeRecord(links), { ok: false, reason: 'too many fields' });
});

/** Empty links: two bytes each on the wire. */
const chain = (links: number): Uint8Array =>
  Buffer.alloc(links * 2, Buffer.from([(10 << 3) | 2, 0]));
