import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { decodeDelimited, DelimitedReader, encodeDelimited } from '../../../src/subject/index.js';

const MIB = 1 << 20;
const hex = (items: readonly Uint8Array[]): string[] =>
  items.map((item) => Buffer.from(item).toString('hex'));

/** Of ai-agent-assembly/agent-assembly, Apache-2.0. */
const VECTORS = 'test/fixtures/agent-assembly/ipc_framing';
const vector = (name: string): Record<string, never> =>
  JSON.parse(readFileSync(`${VECTORS}/${name}`, 'utf8')) as Record<string, never>;

interface Vector {
  readonly input_hex?: string;
  readonly expected_framed_hex?: string;
  readonly full_framed_hex?: string;
  readonly chunks?: readonly { readonly offset: number; readonly length: number }[];
  readonly expected_decoded_hex?: string;
  readonly frames?: readonly { readonly input_hex: string }[];
  readonly concatenated_framed_hex?: string;
}

t.test('the framing is that of the vectors of Agent Assembly', async (t) => {
  const names = readdirSync(VECTORS).filter((name) => name.endsWith('.json'));
  t.equal(names.length, 10);
  for (const name of names) {
    const found: Vector = vector(name);
    const framed =
      found.expected_framed_hex ?? found.full_framed_hex ?? found.concatenated_framed_hex ?? '';
    const inputs = found.frames?.map((frame) => frame.input_hex) ?? [
      found.input_hex ?? found.expected_decoded_hex ?? '',
    ];
    const bytes = Buffer.from(framed, 'hex');
    const items = inputs.map((input) => Buffer.from(input, 'hex'));
    t.equal(encodeDelimited(items).toString('hex'), framed, name);
    const whole = decodeDelimited(bytes);
    t.same(whole.ok && hex(whole.items), inputs, name);
    const reader = new DelimitedReader();
    const cuts = found.chunks ?? [{ offset: 0, length: bytes.length }];
    const got = cuts.flatMap(({ offset, length }) => {
      const read = reader.push(bytes.subarray(offset, offset + length));
      return read.ok ? hex(read.items) : ['refused'];
    });
    t.same(got, inputs, `${name} in ${cuts.length} pieces`);
  }
});

t.test('a stream may be cut anywhere', async (t) => {
  const items = [0, 1, 127, 128, 300, 16_384].map((length) => Buffer.alloc(length, length));
  const bytes = encodeDelimited(items);
  for (const step of [1, 2, 3, 127, 130, 5000]) {
    const reader = new DelimitedReader();
    const got: string[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      const read = reader.push(bytes.subarray(at, at + step));
      if (read.ok) got.push(...hex(read.items));
    }
    t.same(got, hex(items), `pieces of ${step}`);
    t.equal(reader.pending, 0);
  }
});

t.test('what was given away is not written again', async (t) => {
  const reader = new DelimitedReader();
  reader.push(Buffer.from([2, 1]));
  const first = reader.push(Buffer.from([1, 2, 7]));
  const second = reader.push(Buffer.from([7, 2, 9, 9]));
  t.same(
    [first.ok && hex(first.items), second.ok && hex(second.items)],
    [['0101'], ['0707', '0909']],
  );
});

t.test('lengths that are too large, overlong or cut off are refused', async (t) => {
  const cases: readonly (readonly [string, number[], string])[] = [
    ['4 MiB and one', [0x81, 0x80, 0x80, 0x02], 'too large'],
    ['2 GiB', [0x80, 0x80, 0x80, 0x80, 0x08], 'too large'],
    ['a varint of ten bytes', Array.from({ length: 10 }, () => 0xff), 'too large'],
    ['zero in two bytes', [0x80, 0x00], 'overlong length'],
    ['one in three bytes', [0x81, 0x80, 0x00], 'overlong length'],
    ['a body that ends', [3, 1, 2], 'cut off'],
    ['half a length', [0x80], 'cut off'],
  ];
  for (const [name, bytes, reason] of cases) {
    t.same(decodeDelimited(Buffer.from(bytes)), { ok: false, reason }, name);
    const reader = new DelimitedReader();
    const read = reader.push(Buffer.from(bytes));
    if (reason === 'cut off') t.ok(read.ok && reader.pending === bytes.length, name);
    else
      t.same(
        [read, reader.push(Buffer.from([0]))],
        [
          { ok: false, reason },
          { ok: false, reason },
        ],
      );
  }
  const many = decodeDelimited(Buffer.alloc(70_000));
  t.same(many, { ok: false, reason: 'too many records' });
  const largest = encodeDelimited([Buffer.alloc(4 * MIB)]);
  t.ok(decodeDelimited(largest).ok);
});
