import t from 'tap';
import { relocatedPointers } from '../../../src/elf/relocations.js';
import type { Segment } from '../../../src/elf/headers.js';

const ADDRESS = 0x1000;
const [DYNAMIC, TABLE, DATA, SIZE] = [0, 0x100, 0x800, 0x4000];

interface Plan {
  /** Tags of the dynamic table and their values. */
  readonly tags: readonly (readonly [number, number])[];
  /** Words of the table. */
  readonly table: readonly bigint[];
}

/** What is relocated in a file of one segment, in which each word from DATA on says where it is. */
function pointers({ tags, table }: Plan): string[] {
  const file = Buffer.alloc(SIZE);
  tags.flat().forEach((value, index) => file.writeBigUInt64LE(BigInt(value), DYNAMIC + index * 8));
  table.forEach((value, index) => file.writeBigUInt64LE(value, TABLE + index * 8));
  for (let at = DATA; at < SIZE; at += 8) file.writeBigUInt64LE(BigInt(0x70_0000 + at), at);
  const segment = { executable: false, offset: 0, address: ADDRESS, fileSize: SIZE, align: 8 };
  const segments: Segment[] = [
    { ...segment, type: 1 },
    { ...segment, type: 2, fileSize: 0x100 },
  ];
  const reader = {
    size: SIZE,
    read: (at: number, length: number) => file.subarray(at, at + length),
  };
  return [...relocatedPointers(reader, segments)].map(
    ({ at, target }) => `${at.toString(16)} ${target.toString(16)}`,
  );
}

const rela = (entries: readonly (readonly [number, number, number])[]): Plan => ({
  tags: [
    [7, ADDRESS + TABLE],
    [8, entries.length * 24],
  ],
  table: entries.flat().map(BigInt),
});
const relr = (...table: readonly bigint[]): Plan => ({
  tags: [
    [36, ADDRESS + TABLE],
    [35, table.length * 8],
    [37, 8],
  ],
  table,
});
const word = (index: number): bigint => BigInt(ADDRESS + DATA + index * 8);
const said = (...indexes: readonly number[]): string[] =>
  indexes.map((index) => {
    const at = DATA + index * 8;
    return `${(ADDRESS + at).toString(16)} ${(0x70_0000 + at).toString(16)}`;
  });

t.test('relative relocations say where and to what, others nothing', async (t) => {
  t.same(
    pointers(
      rela([
        [0x1800, 8, 0x5000],
        [0x1808, 6, 0x5008],
        [0x1810, 1027, 0x5010],
      ]),
    ),
    ['1800 5000', '1810 5010'],
  );
  t.same(pointers(rela([])), []);
  t.same(pointers({ tags: [[7, 0x900_0000]], table: [] }), [], 'a table that is not in the file');
});

t.test('packed ones are addresses and bits, and their targets stand in place', async (t) => {
  t.same(pointers(relr(word(0))), said(0));
  t.same(pointers(relr(word(0), word(5))), said(0, 5));
  t.same(pointers(relr(word(0), 0b1011n)), said(0, 1, 3), 'the lowest bit is of no word');
  const ends = 1n | (1n << 31n) | (1n << 32n) | (1n << 63n);
  t.same(pointers(relr(word(0), ends)), said(0, 31, 32, 63));
  t.same(pointers(relr(word(0), 1n, 0b11n)), said(0, 64), 'a bitmap of nothing counts its words');
  t.same(pointers(relr(word(0), 0b11n, word(9), 0b11n)), said(0, 1, 9, 10));
  const all = 2n ** 64n - 1n;
  t.equal(pointers(relr(word(0), ...Array.from({ length: 20 }, () => all))).length, 1 + 20 * 63);
});

t.test('a packed table that cannot be right ends where it is wrong', async (t) => {
  t.same(pointers(relr(word(8), word(2), word(9))), said(8), 'it leads back');
  t.same(pointers(relr(word(8), word(8))), said(8), 'or to the same word');
  t.same(pointers(relr(word(8), 0x900_0000n)), said(8), 'out of the file');
  const all = 2n ** 64n - 1n;
  const many = pointers(relr(word(0), ...Array.from({ length: 150 }, () => all)));
  t.equal(many.length, (SIZE - DATA) / 8, 'no more than there is');
  t.same(pointers(relr(word(0), 0b1011n, word(2))), said(0, 1, 3), 'back among those of bits');
});

t.test('both kinds in one file are both read', async (t) => {
  const both: Plan = {
    tags: [
      [7, ADDRESS + TABLE],
      [8, 24],
      [36, ADDRESS + TABLE + 24],
      [35, 8],
    ],
    table: [word(3), 8n, 0x5000n, word(7)],
  };
  t.same(pointers(both), [`${word(3).toString(16)} 5000`, ...said(7)]);
});
