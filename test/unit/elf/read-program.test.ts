import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import t from 'tap';
import { readProgram, type FileReader, type ProgramResult } from '../../../src/elf/index.js';
import { buildElf, type ElfPlan } from './build-elf.js';

const WANTED = {
  exports: ['Py_BytesMain', 'perl_run', 'absent'],
  imports: ['Py_BytesMain', 'ruby_run_node'],
  notes: ['GNU', 'XYZ', 'NODE_SEA_BLOB'],
};
const PLAN: ElfPlan = { functions: ['Py_BytesMain', 'main'], hash: 'gnu', sections: null };
const readerOf = (file: Uint8Array): FileReader => ({
  size: file.length,
  read: (offset, length) => file.subarray(offset, offset + length),
});
const read = (file: Uint8Array): ProgramResult => readProgram(readerOf(file), WANTED);
const told = (result: ProgramResult): unknown =>
  result.ok
    ? [result.buildId, [...result.exports], [...result.imports], [...result.notes]]
    : result.reason;

t.test('a program tells what it defines, what it takes, and whose notes it carries', (t) => {
  const notes = ['GNU', 'XYZ'];
  t.same(told(read(buildElf(PLAN))), ['c0ffee', ['Py_BytesMain'], [], notes]);
  t.same(told(read(buildElf({ ...PLAN, hash: 'sysv' }))), ['c0ffee', ['Py_BytesMain'], [], notes]);
  const launcher: ElfPlan = { ...PLAN, functions: ['main'], imports: ['puts', 'ruby_run_node'] };
  t.same(told(read(buildElf(launcher))), ['c0ffee', [], ['ruby_run_node'], notes]);
  const own = buildElf(launcher);
  // The section of its second symbol: it is the program's own after all.
  own.writeUInt16LE(1, 0x400 + 2 * 24 + 6);
  t.same(told(read(own)), ['c0ffee', [], [], notes], 'its own function is not taken from others');
  const bare: ElfPlan = { ...PLAN, hash: 'none', sections: 'symtab' };
  t.same(
    told(read(buildElf(bare))),
    ['c0ffee', [], [], notes],
    'symbols for debuggers say nothing',
  );
  t.equal(told(read(Buffer.from('#!/bin/sh\n'))), 'not_elf');
  t.end();
});

t.test('real programs: this Node says that it is one, in few reads', (t) => {
  const path = [process.execPath, '/usr/bin/python3', '/usr/bin/perl'].filter((one) =>
    existsSync(one),
  );
  for (const file of path) {
    const fd = openSync(file, 'r');
    let reads = 0;
    const result = readProgram(
      {
        size: fstatSync(fd).size,
        read: (offset, length) => {
          reads += 1;
          const buffer = Buffer.alloc(length);
          return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
        },
      },
      { ...WANTED, exports: [...WANTED.exports, 'napi_create_function'] },
    );
    closeSync(fd);
    t.ok(result.ok && result.exports.size + result.imports.size > 0, file);
    t.ok(reads < 400, `${reads} reads of ${file}`);
  }
  t.end();
});

t.test('no bytes make it throw or loop', (t) => {
  // xorshift32: the same files on every run.
  let seed = 0x1f123bb5;
  const random = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const plans: ElfPlan[] = [
    PLAN,
    { ...PLAN, hash: 'sysv' },
    { ...PLAN, functions: ['main'], imports: ['ruby_run_node', 'puts'] },
  ];
  const odd = [0, 1, 0x7f, 0x80, 0xff];
  let reads = 0;
  let ok = 0;
  for (let run = 0; run < 4000; run += 1) {
    const file = buildElf(plans[run % plans.length] ?? PLAN);
    for (let i = 1 + random(6); i > 0; i -= 1) {
      const place = [64 + 4 * 56, 0x1540, file.length][random(3)] ?? 64;
      file[random(place)] = odd[random(odd.length)] ?? random(256);
    }
    const cut = run % 5 === 0 ? file.subarray(0, random(file.length)) : file;
    const counting: FileReader = {
      size: cut.length,
      read: (offset, length) => {
        reads += 1;
        return cut.subarray(offset, offset + length);
      },
    };
    if (readProgram(counting, WANTED).ok) ok += 1;
  }
  t.ok(ok > 500 && ok < 4000, `${ok} were read`);
  t.ok(reads < 4000 * 200, `${reads} reads`);
  t.end();
});
