import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import t from 'tap';
import { findFunctions, type ElfResult, type FileReader } from '../../../src/elf/index.js';
import { buildElf, FUNCTION_SIZE, TEXT_OFFSET, type ElfPlan } from './build-elf.js';

const NAMES = ['SSL_write', 'SSL_write_ex', 'SSL_read', 'SSL_read_ex', 'SSL_free'];
const PLAN: ElfPlan = { functions: [...NAMES, 'main', 'x_SSL_read'], hash: 'gnu', sections: null };

const readerOf = (file: Uint8Array): FileReader => ({
  size: file.length,
  read: (offset, length) => file.subarray(offset, offset + length),
});
const find = (file: Uint8Array, names: readonly string[] = NAMES): ElfResult =>
  findFunctions(readerOf(file), names);
const offsetsOf = (result: ElfResult): Record<string, number> | string =>
  result.ok ? Object.fromEntries(result.functions) : result.reason;
const planned = (plan: ElfPlan, names: readonly string[] = NAMES): Record<string, number> =>
  Object.fromEntries(
    names.map((name) => [name, TEXT_OFFSET + plan.functions.indexOf(name) * FUNCTION_SIZE]),
  );

/** The plain way to the same answer: every symbol of .dynsym by the section headers, the whole file in memory. */
function readDynsym(file: Buffer): Map<string, number> {
  const u64 = (at: number): number => Number(file.readBigUInt64LE(at));
  const section = (index: number): number => u64(40) + index * 64;
  const segments = Array.from({ length: file.readUInt16LE(56) }, (_, i) => u64(32) + i * 56);
  const found = new Map<string, number>();
  for (let index = 0; index < file.readUInt16LE(60); index += 1) {
    if (file.readUInt32LE(section(index) + 4) !== 11) continue;
    const strings = u64(section(file.readUInt32LE(section(index) + 40)) + 24);
    const from = u64(section(index) + 24);
    for (let at = from; at < from + u64(section(index) + 32); at += 24) {
      const name = strings + file.readUInt32LE(at);
      const address = u64(at + 8);
      const load = segments.find(
        (s) =>
          file.readUInt32LE(s) === 1 &&
          address >= u64(s + 16) &&
          address - u64(s + 16) < u64(s + 32),
      );
      if (file.readUInt16LE(at + 6) === 0 || load === undefined) continue;
      found.set(
        file.toString('latin1', name, file.indexOf(0, name)),
        address - u64(load + 16) + u64(load + 8),
      );
    }
  }
  return found;
}

const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
];

t.test('finds in real files what a walk over the whole symbol table finds', (t) => {
  const files = LIBRARIES.flatMap((dir) => [`${dir}/libssl.so.3`, `${dir}/libssl.so.1.1`]);
  let checked = 0;
  for (const path of [process.execPath, ...files.filter((file) => existsSync(file))]) {
    const all = readDynsym(readFileSync(path));
    const expected = Object.fromEntries(
      NAMES.flatMap((name) => (all.has(name) ? [[name, all.get(name)]] : [])),
    );
    const fd = openSync(path, 'r');
    let bytes = 0;
    const result = findFunctions(
      {
        size: fstatSync(fd).size,
        read: (offset, length) => {
          const buffer = Buffer.alloc(length);
          bytes += length;
          return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
        },
      },
      NAMES,
    );
    closeSync(fd);
    if (Object.keys(expected).length === 0) continue;
    t.same(offsetsOf(result), expected, path);
    t.ok(bytes < 256 * 1024, `read ${bytes} bytes of ${path}`);
    t.match(result, { ok: true, machine: /^(x86-64|aarch64)$/, buildId: /^[0-9a-f]{16,}$/ });
    checked += 1;
  }
  t.ok(checked > 0, 'at least one file with these functions');
  t.end();
});

t.test('finds them by GNU hash, by SysV hash, in .dynsym and in .symtab', (t) => {
  const plans: Record<string, ElfPlan> = {
    gnu: PLAN,
    sysv: { ...PLAN, hash: 'sysv' },
    dynsym: { ...PLAN, hash: 'none', sections: 'dynsym' },
    'symtab of a static file': { ...PLAN, hash: 'none', dynamic: false, sections: 'symtab' },
    imports: { ...PLAN, imports: ['puts', 'abort'] },
  };
  for (const [name, plan] of Object.entries(plans)) {
    t.same(offsetsOf(find(buildElf(plan))), planned(plan), name);
  }
  t.match(find(buildElf({ ...PLAN, machine: 183 })), { machine: 'aarch64', buildId: 'c0ffee' });
  t.end();
});

t.test('a name another file must provide, or that is only part of one, is not found', (t) => {
  const importer: ElfPlan = { functions: ['main'], imports: NAMES, hash: 'gnu', sections: null };
  t.same(offsetsOf(find(buildElf(importer))), {});
  const sysv: ElfPlan = { ...importer, hash: 'sysv' };
  t.same(offsetsOf(find(buildElf(sysv))), {});
  const longer: ElfPlan = { ...PLAN, functions: ['SSL_write_ex', 'x_SSL_read'] };
  t.same(offsetsOf(find(buildElf(longer))), planned(longer, ['SSL_write_ex']));
  const tails: ElfPlan = { ...longer, hash: 'none', dynamic: false, sections: 'symtab' };
  t.same(offsetsOf(find(buildElf(tails))), planned(tails, ['SSL_write_ex']));
  t.end();
});

t.test('the symbol table is read when the dynamic one knows none of the names', (t) => {
  const plan: ElfPlan = { functions: NAMES, hash: 'gnu', sections: 'symtab' };
  const file = buildElf(plan);
  file.fill(0, 0xd00 + 24, 0xd00 + 24 + 12);
  t.same(offsetsOf(find(file)), planned(plan));
  t.end();
});

t.test('a symbol outside executable segments has no offset', (t) => {
  const file = buildElf(PLAN);
  file.writeUInt32LE(6, 64 + 56 + 4);
  t.same(offsetsOf(find(file)), {});
  t.end();
});

t.test('what is no ELF file of ours is told apart from a broken one', (t) => {
  const with8 = (at: number, value: number): Buffer => {
    const file = buildElf(PLAN);
    file.writeUInt8(value, at);
    return file;
  };
  t.equal(offsetsOf(find(Buffer.from('#!/bin/sh\n'))), 'not_elf');
  t.equal(offsetsOf(find(Buffer.alloc(0))), 'not_elf');
  t.equal(offsetsOf(find(with8(0, 0))), 'not_elf');
  t.equal(offsetsOf(find(with8(4, 1))), 'unsupported', '32-bit');
  t.equal(offsetsOf(find(with8(5, 2))), 'unsupported', 'big-endian');
  t.equal(offsetsOf(find(with8(18, 40))), 'unsupported', 'arm');
  t.equal(offsetsOf(find(with8(54, 57))), 'malformed', 'program headers of another size');
  t.equal(offsetsOf(find(with8(39, 0xff))), 'malformed', 'program headers outside the file');
  t.equal(offsetsOf(find(with8(57, 0xff))), 'too_large', 'more segments than any file has');
  t.equal(offsetsOf(find(with8(61, 0xff))), 'too_large', 'more sections than any file has');
  t.end();
});

t.test('a chain that never ends is left', (t) => {
  const gnu = buildElf({ ...PLAN, functions: ['SSL_free'] });
  gnu.writeUInt32LE(1, 0xd00 + 24);
  gnu.fill(gnu.subarray(0xd00 + 24, 0xd00 + 28), 0xd00 + 24, 0xd00 + 36);
  let reads = 0;
  const endless: FileReader = {
    size: Number.MAX_SAFE_INTEGER,
    read: (offset, length) => {
      reads += 1;
      const isChain = length === 4 && offset >= 0xd00 + 36;
      return isChain ? Buffer.alloc(4) : readerOf(gnu).read(offset, length);
    },
  };
  t.same(offsetsOf(findFunctions(endless, ['nothing'])), {});
  t.ok(reads > 4096 && reads < 4200, `${reads} reads`);
  const sysv = buildElf({ ...PLAN, hash: 'sysv' });
  sysv.writeUInt32LE(1, 0xd00 + 12 + 4);
  t.same(offsetsOf(find(sysv, ['nothing'])), {});
  t.end();
});

t.test('no bytes make it throw, loop, or name an offset outside the file', (t) => {
  // xorshift32: the same files on every run.
  let seed = 0x2545f491;
  const random = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const plans: ElfPlan[] = [
    PLAN,
    { ...PLAN, hash: 'sysv' },
    { ...PLAN, hash: 'none', sections: 'dynsym' },
    { ...PLAN, hash: 'none', dynamic: false, sections: 'symtab' },
  ];
  const odd = [0, 1, 0x7f, 0x80, 0xff];
  for (let run = 0; run < 6000; run += 1) {
    const file = buildElf(plans[run % plans.length] ?? PLAN);
    for (let i = 1 + random(6); i > 0; i -= 1) {
      // Half of the changes go where the headers are.
      const at = random(2) === 0 ? random(64 + 4 * 56) : random(file.length);
      file[at] = odd[random(odd.length)] ?? random(256);
    }
    const result = find(run % 5 === 0 ? file.subarray(0, random(file.length)) : file);
    if (!result.ok) continue;
    for (const [name, offset] of result.functions) {
      if (offset < 0 || offset >= file.length) t.fail(`${name} at ${offset}`);
    }
  }
  t.pass('6000 files');
  t.end();
});
