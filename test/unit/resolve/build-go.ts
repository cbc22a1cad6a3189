import type { FileReader } from '../../../src/elf/index.js';

/** A program of Go made by hand, with the tables its linker makes and functions that look like its own. */
export interface GoPlan {
  readonly magic: number;
  readonly machine?: 'x86-64' | 'aarch64';
  /** In the order of their addresses. */
  readonly functions: readonly { readonly name: string; readonly code: readonly number[] }[];
  /** Names of sections for the table and for what the runtime keeps; null: no section headers at all. */
  readonly sections?: {
    readonly table: string;
    readonly module: string;
    readonly text: string;
  } | null;
  /** What the table says of where the text begins; by default the truth. */
  readonly textStart?: number;
  /** What the runtime's own record says. */
  readonly moduleText?: number;
  /** Words of the table's header to be overwritten, by index. */
  readonly words?: Readonly<Record<number, number>>;
  /** Beginnings of functions to be overwritten, by index. */
  readonly starts?: Readonly<Record<number, number>>;
  /** Offsets of functions' records to be overwritten, by index of the function. */
  readonly records?: Readonly<Record<number, number>>;
}

export const TEXT = 0x40_2000;
const TEXT_OFFSET = 0x4000;
const BASE = 0x50_0000;
const TABLE_AT = 0x400;
const MODULE_AT = 0x3000;
const NAMES_AT = 0x3800;
const HEADERS_AT = 0x3a00;
const HEADER = 96;

/** Offset in the file of a byte of a function. */
export const offsetIn = (plan: GoPlan, index: number, at: number): number =>
  TEXT_OFFSET + (startsOf(plan)[index] ?? 0) + at;

/** Of each function, and the end of the last, from the beginning of the text. */
function startsOf(plan: GoPlan): number[] {
  const starts = [0];
  for (const { code } of plan.functions) {
    starts.push((starts.at(-1) ?? 0) + Math.ceil(code.length / 32) * 32);
  }
  return starts;
}

export function buildGo(plan: GoPlan): Buffer {
  const starts = startsOf(plan);
  const file = Buffer.alloc(TEXT_OFFSET + (starts.at(-1) ?? 0));
  plan.functions.forEach(({ code }, index) => {
    const at = TEXT_OFFSET + (starts[index] ?? 0);
    file.fill(0xcc, at, TEXT_OFFSET + (starts[index + 1] ?? 0));
    Buffer.from(code).copy(file, at);
  });
  writeElf(file, plan);
  writeTable(file, plan, starts);
  file.writeBigUInt64LE(BigInt(BASE + TABLE_AT), MODULE_AT);
  file.writeBigUInt64LE(BigInt(plan.moduleText ?? TEXT), MODULE_AT + 22 * 8);
  return file;
}

export const readerOf = (file: Buffer): FileReader => ({
  size: file.length,
  read: (offset, length) => file.subarray(offset, offset + length),
});

function writeTable(file: Buffer, plan: GoPlan, starts: readonly number[]): void {
  const wide = plan.magic > 0xfffffff1;
  const width = wide ? 8 : 4;
  const put = (value: number, at: number): void => {
    if (wide) file.writeBigUInt64LE(BigInt(value), TABLE_AT + at);
    else file.writeUInt32LE(value, TABLE_AT + at);
  };
  const names = Buffer.from(`\0${plan.functions.map(({ name }) => name).join('\0')}\0`, 'latin1');
  const count = plan.functions.length;
  const functions = Math.ceil((HEADER + names.length) / 8) * 8;
  const records = (count * 2 + 1) * width;
  const base = wide ? TEXT : 0;
  plan.functions.forEach(({ name }, index) => {
    const record = plan.records?.[index] ?? records + index * 16;
    put(plan.starts?.[index] ?? base + (starts[index] ?? 0), functions + index * width * 2);
    put(record, functions + index * width * 2 + width);
    if (plan.records?.[index] !== undefined) return;
    put(base + (starts[index] ?? 0), functions + record);
    file.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, TABLE_AT + functions + record + width);
  });
  put(base + (starts.at(-1) ?? 0), functions + count * width * 2);
  names.copy(file, TABLE_AT + HEADER);
  const quantum = plan.machine === 'aarch64' ? 4 : 1;
  file.writeUInt32LE(plan.magic, TABLE_AT);
  Buffer.from([0, 0, quantum, 8]).copy(file, TABLE_AT + 4);
  const text = wide ? [] : [plan.textStart ?? TEXT];
  const behind = HEADER + names.length;
  const words = [count, 1, ...text, HEADER, behind, behind, behind, functions];
  words.forEach((word, index) => {
    const value = BigInt(plan.words?.[index] ?? word);
    file.writeBigUInt64LE(value, TABLE_AT + 8 + index * 8);
  });
}

function writeElf(file: Buffer, plan: GoPlan): void {
  const { sections = { table: '.gopclntab', module: '.go.module', text: '.text' } } = plan;
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(plan.machine === 'aarch64' ? 183 : 62, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(2, 56);
  const size = file.length - TEXT_OFFSET;
  writeNumbers(file, 64, { flags: 4, offset: 0, address: BASE, size: TEXT_OFFSET });
  writeNumbers(file, 120, { flags: 5, offset: TEXT_OFFSET, address: TEXT, size });
  if (sections === null) return;
  file.writeBigUInt64LE(BigInt(HEADERS_AT), 40);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(5, 60);
  file.writeUInt16LE(4, 62);
  const names = ['', sections.table, sections.module, sections.text, '.shstrtab'];
  file.write(names.join('\0') + '\0', NAMES_AT, 'latin1');
  const places = [
    [0, 0, 0],
    [TABLE_AT, BASE + TABLE_AT, 0x1000],
    [MODULE_AT, BASE + MODULE_AT, 0x200],
    [TEXT_OFFSET, TEXT, size],
    [NAMES_AT, 0, 0x100],
  ];
  places.forEach(([offset = 0, address = 0, length = 0], index) => {
    const at = HEADERS_AT + index * 64;
    file.writeUInt32LE(names.slice(0, index).join('\0').length + (index > 0 ? 1 : 0), at);
    file.writeUInt32LE(index === 0 ? 0 : 1, at + 4);
    [address, offset, length].forEach((value, place) => {
      file.writeBigUInt64LE(BigInt(value), at + 16 + place * 8);
    });
  });
}

function writeNumbers(
  file: Buffer,
  at: number,
  segment: { flags: number; offset: number; address: number; size: number },
): void {
  file.writeUInt32LE(1, at);
  file.writeUInt32LE(segment.flags, at + 4);
  const { offset, address, size } = segment;
  [offset, address, address, size, size, 4096].forEach((value, index) => {
    file.writeBigUInt64LE(BigInt(value), at + 8 + index * 8);
  });
}
