import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import t from 'tap';
import { BYTES_MAX, openImage, type FileReader, type Image } from '../../../src/elf/index.js';
import { buildElf, TEXT_OFFSET } from './build-elf.js';
import { buildProgram, type Program, type ProgramPlan } from './build-program.js';

const readerOf = (file: Uint8Array): FileReader => ({
  size: file.length,
  read: (offset, length) => file.subarray(offset, offset + length),
});

function imageOf(file: Uint8Array): Image {
  const image = openImage(readerOf(file));
  if (typeof image === 'string') throw new Error(image);
  return image;
}

const PLAN: ProgramPlan = {
  texts: ['unused', 'xpath/of.cc'],
  functions: [
    {
      name: 'main',
      does: [
        { step: 'frame' },
        { step: 'call', name: 'a' },
        { step: 'call', name: 'b' },
        { step: 'return' },
      ],
    },
    {
      name: 'a',
      does: [
        { step: 'frame' },
        { step: 'load', text: 'one' },
        { step: 'fill', bytes: 80 },
        { step: 'return' },
      ],
    },
    {
      name: 'b',
      does: [
        { step: 'frame' },
        { step: 'load', text: 'two' },
        { step: 'load', text: 'one' },
        { step: 'call', name: 'a' },
        { step: 'return' },
      ],
    },
    {
      name: 'pointed',
      does: [{ step: 'frame' }, { step: 'load', text: 'three' }, { step: 'return' }],
    },
  ],
};

const SHAPES: readonly (readonly [string, Partial<ProgramPlan>])[] = [
  ['position-independent', {}],
  ['at fixed addresses', { fixed: true }],
  ['with an unwind table', { unwind: true }],
  ['on arm64', { machine: 'aarch64' }],
  ['on arm64 with an unwind table', { machine: 'aarch64', unwind: true }],
];

/** By name: functions that load a text. */
function loaders(image: Image, program: Program, text: string): string[] {
  const [at] = image.strings([`${text}\0`]).get(`${text}\0`) ?? [];
  if (at === undefined) return ['not found'];
  return image.references([at]).map(({ from, target }) => {
    t.equal(target, at);
    const range = image.functionAt(from);
    return PLAN.functions.find(({ name }) => program.addressOf(name) === range?.start)?.name ?? '?';
  });
}

for (const [shape, change] of SHAPES) {
  t.test(`texts, code that loads them and its functions are found: ${shape}`, async (t) => {
    const program = buildProgram({ ...PLAN, ...change, pointers: ['pointed', 'main'] });
    const image = imageOf(program.file);
    t.equal(image.machine, change.machine ?? 'x86-64');
    t.equal(image.isFixed, change.fixed === true);
    t.equal(image.size, program.file.length);
    t.equal(image.buildId, null);
    t.same(image.sections, []);
    t.same(loaders(image, program, 'one'), ['a', 'b']);
    t.same(loaders(image, program, 'two'), ['b']);
    t.same(loaders(image, program, 'unused'), []);
    // What only data points to is known by relocations, or by the unwind table.
    t.same(loaders(image, program, 'three'), ['pointed']);
    for (const { name } of PLAN.functions) {
      const address = program.addressOf(name);
      t.equal(image.offsetOf(address), program.offsetOf(name));
      t.equal(image.addressOf(program.offsetOf(name)), address);
      t.ok(image.isCode(address));
    }
    t.same(image.calls(program.addressOf('main'), program.addressOf('a')), [
      program.addressOf('a'),
      program.addressOf('b'),
    ]);
    const callers = image.callers(program.addressOf('a'));
    t.equal(callers.length, 2);
    t.same(
      callers.map((from) => image.functionAt(from)?.start),
      [program.addressOf('main'), program.addressOf('b')],
    );
  });
}

t.test('a function ends where the next begins, or where the unwind table says', async (t) => {
  const guessed = buildProgram(PLAN);
  const image = imageOf(guessed.file);
  const a = guessed.addressOf('a');
  const withoutPadding = { start: a, end: a + 4 + 7 + 80 + 1 };
  t.same(image.functionAt(a + 5), withoutPadding);
  t.same(image.functionAt(a), withoutPadding);
  const nops = Buffer.from(guessed.file);
  const from = guessed.offsetOf('a') + 4 + 7 + 80 + 1;
  // xchg ax, ax twice: one of the ways assemblers align.
  nops.set([0x66, 0x90, 0x66, 0x90], from);
  t.same(imageOf(nops).functionAt(a), withoutPadding);
  t.equal(image.functionAt(a - 0x10_0000), null, 'no code there');
  t.equal(image.functionAt(guessed.addressOf('main') + 5), null, 'nothing leads to it');
  const known = buildProgram({ ...PLAN, unwind: true });
  const start = known.addressOf('a');
  const end = start + 4 + 7 + 80 + 1;
  t.same(imageOf(known.file).functionAt(start + 5), { start, end });
  t.same(imageOf(known.file).functionAt(end), { start, end: end + 1 }, 'a guess behind its end');
});

t.test('an unwind table that cannot be right is not believed', async (t) => {
  const program = buildProgram({ ...PLAN, unwind: true });
  const start = program.addressOf('a');
  // To be told from what the table says: without the byte that returns, fifteen bytes before the next are padding.
  const guess = { start, end: program.addressOf('b') - 15 };
  program.file[program.offsetOf('a') + 4 + 7 + 80] = 0xcc;
  const header = program.file.indexOf(Buffer.from([1, 0x1b, 3, 0x3b]));
  const frames = header + 12 + PLAN.functions.length * 8;
  const damage: readonly (readonly [string, number, number])[] = [
    ['another version', header, 2],
    ['a table of another encoding', header + 3, 0x1b],
    ['a common entry that is none', frames + 4, 1],
    ['an unknown augmentation', frames + 10, 0x58],
    ['a pointer that is left out', frames + 16, 0xff],
  ];
  for (const [what, at, value] of damage) {
    const file = Buffer.from(program.file);
    file[at] = value;
    t.same(imageOf(file).functionAt(start + 5), guess, what);
  }
  const other = Buffer.from(program.file);
  // The length of the first three functions' description is 0, as if there were none.
  for (let i = 0; i < 3; i += 1) other.writeUInt32LE(0, frames + 24 + i * 24 + 12);
  t.same(imageOf(other).functionAt(start + 5), guess);
});

t.test('a common entry may have a personality routine and wide pointers', async (t) => {
  const program = buildProgram({ ...PLAN, unwind: true });
  const header = program.file.indexOf(Buffer.from([1, 0x1b, 3, 0x3b]));
  const frames = header + 12 + PLAN.functions.length * 8;
  const start = program.addressOf('a');
  const range = { start, end: start + 4 + 7 + 80 + 1 };
  const write = (...bytes: readonly number[]): Buffer => {
    const file = Buffer.from(program.file);
    file.set([1, ...bytes], frames + 8);
    return file;
  };
  // "zLR" and "zR" with signal frames; then without any, and with 64-bit pointers: another length then.
  t.same(imageOf(write(0x7a, 0x4c, 0x52, 0, 1, 0x78, 16, 2, 0, 0x1b)).functionAt(start), range);
  t.same(imageOf(write(0x7a, 0x52, 0x53, 0, 1, 0x78, 16, 1, 0x1b)).functionAt(start), range);
  const personality = write(0x7a, 0x50, 0x52, 0, 1, 0x78, 16, 6, 0x03, 1, 2, 3, 4, 0x1b);
  t.same(imageOf(personality).functionAt(start), range);
  program.file[program.offsetOf('a') + 4 + 7 + 80] = 0xcc;
  const guess = { start, end: program.addressOf('b') - 15 };
  t.same(imageOf(write(0x7a, 0x52, 0, 1, 0x78, 16, 1, 0x04)).functionAt(start), guess);
  t.same(imageOf(write(0x65, 0x68, 0, 1, 0x78, 16)).functionAt(start), guess);
});

t.test('a text is found wherever it stands, on the edges of blocks too', async (t) => {
  const block = 256 * 1024;
  const texts = ['0123456', 'a-text-of-twenty-one\0', 'short', 'a-text-of-twenty-two!'];
  for (let shift = -24; shift <= 4; shift += 1) {
    const filler = 'x'.repeat(block - 0x1000 - 0x2000 + shift);
    // The first segment begins at 0 of the file and has its data from 0x1000 on.
    const image = imageOf(
      buildProgram({
        texts: [filler, '', 'a-text-of-twenty-one', '0123456', 'short'],
        functions: [],
      }).file,
    );
    const found = image.strings(texts);
    t.equal(found.get('a-text-of-twenty-one\0')?.length, 1);
    t.equal(found.get('0123456')?.length, 1);
    t.equal(found.get('short')?.length, 1);
    t.same(found.get('a-text-of-twenty-two!'), []);
    const [at = 0] = found.get('0123456') ?? [];
    t.same(Buffer.from(image.bytes(at, 8) ?? []).toString(), '0123456\0');
  }
});

t.test('texts across an edge are found once, and no more than 64 of one', async (t) => {
  const block = 256 * 1024;
  for (let shift = 0; shift < 12; shift += 1) {
    const head = 0x1000 + 'first\0'.length;
    const filler = 'x'.repeat(block - head - 1 - shift);
    const image = imageOf(buildProgram({ texts: [filler, 'edge-text'], functions: [] }).file);
    const at = block - shift;
    t.same(image.strings(['edge-text\0', 'edge']).get('edge-text\0'), [at]);
    t.same(image.strings(['edge']).get('edge'), [at]);
  }
  const many = Array.from({ length: 100 }, (_, i) => `many-of-them ${i}`);
  const image = imageOf(buildProgram({ texts: many, functions: [] }).file);
  t.equal(image.strings(['many-of-them']).get('many-of-them')?.length, 64);
  t.equal(image.strings(['many-']).get('many-')?.length, 64);
  t.same(image.strings(['']).get(''), []);
});

t.test('the beginning of a text is behind the NUL before it', async (t) => {
  const long = 'y'.repeat(600);
  const image = imageOf(buildProgram({ ...PLAN, texts: ['xpath/of.cc', long] }).file);
  const [at = 0] = image.strings(['path/of.cc\0']).get('path/of.cc\0') ?? [];
  t.equal(image.startOfString(at), at - 1);
  const [far = 0] = image.strings([long]).get(long) ?? [];
  t.equal(image.startOfString(far + 500), far);
  t.equal(image.startOfString(far + 599), null);
  t.equal(image.startOfString(0), null);
});

t.test('constants are addresses only where the program is loaded at fixed ones', async (t) => {
  const text = { step: 'load', text: 'one' } as const;
  const plan: ProgramPlan = {
    fixed: true,
    functions: [{ name: 'f', does: [text, { step: 'fill', bytes: 64 }] }],
  };
  const program = buildProgram(plan);
  const at = program.offsetOf('f');
  const target = imageOf(program.file).strings(['one\0']).get('one\0')?.[0] ?? 0;
  const imm = [target & 0xff, (target >> 8) & 0xff, (target >> 16) & 0xff, target >>> 24];
  const ways: readonly (readonly number[])[] = [
    [0xbf, ...imm],
    [0x68, ...imm],
    [0x48, 0xc7, 0xc6, ...imm],
  ];
  for (const way of ways) {
    const file = Buffer.from(program.file);
    file.fill(0x90, at, at + 32);
    file.set(way, at);
    const opcode = program.addressOf('f') + (way[0] === 0x48 ? 1 : 0);
    t.same(imageOf(file).references([target]), [{ from: opcode, target }]);
    file.writeUInt16LE(3, 16);
    t.same(imageOf(file).references([target]), []);
  }
});

t.test('what was asked once is remembered, and passes are made for all at once', async (t) => {
  const program = buildProgram(PLAN);
  let bytes = 0;
  const image = openImage({
    size: program.file.length,
    read: (offset, length) => {
      bytes += length;
      return program.file.subarray(offset, offset + length);
    },
  });
  if (typeof image === 'string') throw new Error(image);
  const places = image.strings(['one\0', 'two\0']);
  const targets = [...places.values()].flat();
  const all = image.references(targets);
  t.equal(all.length, 3);
  bytes = 0;
  t.same(image.strings(['two\0']), new Map([['two\0', places.get('two\0')]]));
  t.same(image.references(targets), all);
  t.same(image.references([...targets, ...targets]), all);
  t.equal(bytes, 0);
});

t.test('bytes are of one segment and not too many', async (t) => {
  const program = buildProgram(PLAN);
  const image = imageOf(program.file);
  const main = program.addressOf('main');
  t.same([...(image.bytes(main, 4) ?? [])], [0x55, 0x48, 0x89, 0xe5]);
  t.equal(image.bytes(main, 0)?.length, 0);
  t.equal(image.bytes(main - 1, 4), null);
  t.equal(image.bytes(main, 0x10000), null);
  t.equal(image.bytes(main, -1), null);
  t.equal(image.bytes(main, BYTES_MAX + 1), null);
  t.equal(image.bytes(Number.NaN, 4), null);
  t.equal(image.addressOf(program.file.length + 5), null);
  t.same(image.calls(main - 1, main + 4), []);
  t.same(image.calls(main, main), []);
});

t.test('symbols: what the loader finds, else what one function bears', async (t) => {
  const exported = imageOf(
    buildElf({ functions: ['f', 'g'], imports: ['h'], hash: 'gnu', sections: null }),
  );
  const found = exported.symbols(['f', 'g', 'h', 'i']);
  t.same([...found.keys()], ['f', 'g']);
  t.equal(exported.offsetOf(found.get('f') ?? 0), TEXT_OFFSET);
  const local = buildProgram({ ...PLAN, symbols: ['a', 'b', 'b', 'nowhere'] });
  t.same(
    imageOf(local.file).symbols(['a', 'b', 'nowhere']),
    new Map([['a', local.addressOf('a')]]),
  );
  t.same(
    imageOf(local.file).sections.map(({ name, type, executable }) => [name, type, executable]),
    [
      ['', 0, false],
      ['.symtab', 2, false],
      ['.strtab', 3, false],
      ['.shstrtab', 3, false],
    ],
  );
  const scanned = imageOf(
    buildElf({ functions: ['f', 'g'], hash: 'none', sections: 'dynsym', dynamic: false }),
  );
  t.same([...scanned.symbols(['g', 'h']).keys()], ['g']);
});

t.test(
  'sections that point out of the file are left out, and names that do are empty',
  async (t) => {
    const { file } = buildProgram({ ...PLAN, symbols: ['a'] });
    const headers = Number(file.readBigUInt64LE(40));
    const broken = Buffer.from(file);
    broken.writeBigUInt64LE(BigInt(file.length), headers + 64 + 24);
    t.same(
      imageOf(broken).sections.map(({ name }) => name),
      ['', '.strtab', '.shstrtab'],
    );
    const nameless = Buffer.from(file);
    nameless.writeUInt16LE(9, 62);
    t.same(
      imageOf(nameless).sections.map(({ name }) => name),
      ['', '', '', ''],
    );
    const nobits = Buffer.from(broken);
    nobits.writeUInt32LE(8, headers + 64 + 4);
    t.equal(imageOf(nobits).sections.length, 4);
    const outside = Buffer.from(file);
    outside.writeBigUInt64LE(BigInt(file.length), 40);
    t.same(imageOf(outside).sections, []);
  },
);

t.test('a file that cannot be an image is told by its reason', async (t) => {
  const { file } = buildProgram(PLAN);
  t.equal(openImage(readerOf(Buffer.from('MZ'))), 'not_elf');
  t.equal(openImage({ size: 3 * 2 ** 30, read: () => file }), 'too_large');
  const repeated = Buffer.from(file);
  for (let i = 0; i < 3; i += 1) {
    repeated.writeUInt32LE(1, 64 + i * 56);
    repeated.writeBigUInt64LE(0n, 64 + i * 56 + 8);
    repeated.writeBigUInt64LE(BigInt(file.length), 64 + i * 56 + 32);
  }
  t.equal(openImage(readerOf(repeated)), 'malformed');
  const far = Buffer.from(file);
  far.writeBigUInt64LE(0x7fff_ffff_ffff_ffffn, 64 + 56 + 16);
  t.notOk(imageOf(far).isCode(Number.MAX_SAFE_INTEGER), 'an address at the end of all addresses');
  const cut = imageOf(file.subarray(0, buildProgram(PLAN).offsetOf('b')));
  t.ok(cut.isCode(buildProgram(PLAN).addressOf('a')));
  t.notOk(cut.isCode(buildProgram(PLAN).addressOf('b')));
});

t.test('a program whose constants are in its code has them found there', async (t) => {
  const { file } = buildProgram(PLAN);
  for (let i = 0; i < 3; i += 1) file.writeUInt32LE(5, 64 + i * 56 + 4);
  t.equal(imageOf(file).strings(['unused\0']).get('unused\0')?.length, 1);
});

t.test('what only looks like the beginning of a function is not one', async (t) => {
  const program = buildProgram(PLAN);
  const start = program.addressOf('a');
  const at = program.offsetOf('a');
  const starts: readonly (readonly [string, readonly number[], boolean])[] = [
    ['endbr64', [0xf3, 0x0f, 0x1e, 0xfa], true],
    ['push r15', [0x41, 0x57, 0x90, 0x90], true],
    ['push rbx', [0x53, 0x90, 0x90, 0x90], true],
    ['sub rsp, 8', [0x48, 0x83, 0xec, 0x08], true],
    ['sub rsp, 0x100', [0x48, 0x81, 0xec, 0x00], true],
    ['mov rax, rdi behind padding', [0x48, 0x89, 0xf8, 0x90], true],
  ];
  for (const [what, bytes, isStart] of starts) {
    const file = Buffer.from(program.file);
    file.set(bytes, at);
    t.equal(imageOf(file).functionAt(start + 6)?.start === start, isStart, what);
  }
  const inside = Buffer.from(program.file);
  inside.set([0x48, 0x89, 0xf8, 0x90], at);
  inside.set([0x48, 0x89, 0xc3, 0x48], at - 4);
  t.equal(imageOf(inside).functionAt(start + 6), null, 'code runs on into it');
});

t.test('of this very program every exported function is where the unwind table says', async (t) => {
  const path = '/usr/lib/x86_64-linux-gnu/libssl.so.3';
  const used = existsSync(path) ? path : process.execPath;
  const fd = openSync(used, 'r');
  const image = openImage({
    size: fstatSync(fd).size,
    read: (offset, length) => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
    },
  });
  if (typeof image === 'string') throw new Error(image);
  const names = ['SSL_read', 'SSL_write', 'SSL_free', 'SSL_do_handshake', 'SSL_new', 'SSL_connect'];
  const found = image.symbols(names);
  t.equal(found.size, names.length);
  for (const address of found.values()) {
    t.equal(image.functionAt(address)?.start, address);
    t.equal(image.functionAt(address + 8)?.start, address);
  }
  t.ok((image.buildId ?? '').length >= 16);
  closeSync(fd);
});
