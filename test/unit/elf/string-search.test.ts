import t from 'tap';
import type { Segment } from '../../../src/elf/headers.js';
import type { FileReader } from '../../../src/elf/index.js';
import { findStrings, startOfString } from '../../../src/elf/string-search.js';

const PT_LOAD = 1;
const PT_NOTE = 4;
/** Larger than what is read at once. */
const SIZE = 300 * 1024;
const BLOCK = 256 * 1024;

const segment = (
  offset: number,
  fileSize: number,
  executable: boolean,
  type = PT_LOAD,
): Segment => ({
  type,
  executable,
  offset,
  address: 0x400000 + offset,
  fileSize,
  align: 0x1000,
});

/** A file of 0xff with these texts at these offsets. */
function fileWith(texts: Readonly<Record<number, string>>): FileReader {
  const file = Buffer.alloc(SIZE, 0xff);
  for (const [offset, text] of Object.entries(texts)) file.write(text, Number(offset), 'latin1');
  return { size: SIZE, read: (offset, length) => file.subarray(offset, offset + length) };
}

const found = (reader: FileReader, segments: readonly Segment[], text: string): number[] =>
  (findStrings(reader, segments, [text]).get(text) ?? []).map((address) => address - 0x400000);

const TEXT = 'ssl_lib.cc\0';

t.test('where the first segment is read and executed, constants stand in it', async (t) => {
  const reader = fileWith({ 0x301: TEXT, 0x20002: TEXT });
  const [code, data] = [segment(0, 0x10000, true), segment(0x20000, 0x1000, false)];
  t.same(found(reader, [code, data], TEXT), [0x301, 0x20002], 'beside data that is written');
  t.same(found(reader, [code], TEXT), [0x301], 'and where it is the only one');
});

t.test('where data has a segment of its own, what code happens to hold is no text', async (t) => {
  const reader = fileWith({ 0x300: TEXT, 0x11003: TEXT, 0x20000: TEXT });
  const segments = [
    segment(0, 0x10000, false),
    segment(0x10000, 0x10000, true),
    segment(0x20000, 0x1000, false, PT_NOTE),
  ];
  t.same(found(reader, segments, TEXT), [0x300], 'nor what is not loaded');
  t.same(
    found(reader, [segment(0x10000, 0x10000, true)], TEXT),
    [0x11003],
    'only code: it is there',
  );
});

t.test(
  'a text is found wherever it stands, also over the edge of what is read at once',
  async (t) => {
    const whole = [segment(0, SIZE, false)];
    for (const text of ['tls13/x', 'abc', TEXT]) {
      const places = [0, 1001, 2002, 3003, BLOCK - 4, BLOCK + 400, SIZE - text.length];
      const reader = fileWith(Object.fromEntries(places.map((at) => [at, text])));
      t.same(found(reader, whole, text), places, JSON.stringify(text));
      // A segment that begins anywhere: what is read is not aligned in memory.
      const odd = [{ ...segment(1, SIZE - 1, false), address: 0x400001 }];
      t.same(found(reader, odd, text), places.slice(1), 'from an odd offset');
    }
  },
);

t.test('a beginning, an empty text and more places than any anchor has', async (t) => {
  const whole = [segment(0, SIZE, false)];
  const few = fileWith({ 64: 'ssl_lib.cx', 128: 'ss' });
  t.same(found(few, whole, TEXT), [], 'all of it must be there');
  t.same(findStrings(few, whole, ['']), new Map(), 'an empty one is everywhere and nowhere');
  const many = fileWith(Object.fromEntries(Array.from({ length: 99 }, (_, i) => [i * 32, TEXT])));
  t.equal(found(many, whole, TEXT).length, 64);
  t.equal(found(many, whole, 'ssl').length, 64);
});

t.test('a segment that claims more than the file has is left where it ends', async (t) => {
  const reader = fileWith({ 8: TEXT });
  t.same(found(reader, [segment(0, SIZE + 1, false)], TEXT), [8], 'its first block is whole');
  t.same(found(reader, [segment(SIZE + 8, 64, false)], TEXT), []);
});

t.test('the start of a text is the byte behind the NUL before it', async (t) => {
  const file = Buffer.from(`before\0some/where.cc\0`, 'latin1');
  const bytes = (address: number, length: number): Uint8Array | null =>
    address < 0 ? null : file.subarray(address, address + length);
  t.equal(startOfString(bytes, 12), 7);
  t.equal(startOfString(bytes, 7), 7, 'it is the first byte itself');
  t.equal(startOfString(bytes, 3), null, 'nothing before it says where it begins');
  t.equal(
    startOfString(() => null, 3),
    null,
  );
  const long = Buffer.alloc(4096, 'x');
  t.equal(
    startOfString((address, length) => long.subarray(address, address + length), 2048),
    null,
    'nor within 512 bytes',
  );
});
