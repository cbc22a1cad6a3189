import t from 'tap';
import { Frames } from '../../../src/elf/frames.js';
import { openImage, type FileReader } from '../../../src/elf/index.js';
import { buildProgram, type ProgramPlan } from './build-program.js';

const readerOf = (file: Uint8Array): FileReader => ({
  size: file.length,
  read: (offset, length) => file.subarray(offset, offset + length),
});

const ADDRESS = 0x70_0000;
const OFFSET = 0x40;

interface Entry {
  /** DW_EH_PE of the common entry it refers to, by the order of these. */
  readonly encoding: number;
  readonly start: number;
  readonly length: number;
}

/** An .eh_frame: for each encoding a common entry, "zR", and behind it the descriptions that are written so. */
function framesOf(entries: readonly Entry[], address = ADDRESS): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  const add = (part: Buffer): void => {
    part.writeUInt32LE(part.length - 4, 0);
    parts.push(part);
    at += part.length;
  };
  for (const encoding of new Set(entries.map((one) => one.encoding))) {
    const common = at;
    const head = Buffer.alloc(24);
    head.set([1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, encoding], 8);
    add(head);
    for (const { start, length } of entries.filter((one) => one.encoding === encoding)) {
      const description = Buffer.alloc(32);
      description.writeUInt32LE(at + 4 - common, 4);
      if (encoding === 0) {
        description.writeBigUInt64LE(BigInt(start), 8);
        description.writeBigUInt64LE(BigInt(length), 16);
      } else {
        const isRelative = (encoding & 0x10) !== 0;
        description.writeInt32LE(isRelative ? start - (address + at + 8) : start, 8);
        description.writeUInt32LE(length, 12);
      }
      add(description);
    }
  }
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

function open(bytes: Buffer, size = bytes.length): Frames {
  const section = { name: '.eh_frame', type: 1, executable: false };
  const file = Buffer.concat([Buffer.alloc(OFFSET), bytes]);
  return new Frames(readerOf(file), [{ ...section, offset: OFFSET, address: ADDRESS, size }]);
}

const RELATIVE = 0x1b;

for (const [name, encoding] of [
  ['relative to their place', RELATIVE],
  ['of four bytes', 0x03],
  ['of eight bytes', 0x00],
] as const) {
  t.test(`functions are found by frames with addresses ${name}`, async (t) => {
    const frames = open(
      framesOf([
        { encoding, start: 0x40_2000, length: 0x80 },
        { encoding, start: 0x40_1000, length: 0x31 },
        { encoding, start: 0x40_1040, length: 0x10 },
      ]),
    );
    t.same(frames.functionAt(0x40_1000), { start: 0x40_1000, end: 0x40_1031 });
    t.same(frames.functionAt(0x40_1030), { start: 0x40_1000, end: 0x40_1031 });
    t.same(frames.functionAt(0x40_1045), { start: 0x40_1040, end: 0x40_1050 });
    t.same(frames.functionAt(0x40_207f), { start: 0x40_2000, end: 0x40_2080 });
    t.same(
      [0, 0x40_0fff, 0x40_1031, 0x40_2080].map((at) => frames.functionAt(at)),
      [...[null, null, null, null]],
    );
  });
}

t.test('what frames do not say as they should is not known', async (t) => {
  const start = 0x40_1000;
  const known = { encoding: RELATIVE, start, length: 0x20 };
  const other = { start: 0x40_3000, length: 0x20 };
  const isKnown = (frames: Frames) =>
    [start, other.start].map((at) => frames.functionAt(at) !== null);
  t.same(isKnown(open(framesOf([known, { ...other, encoding: 0x9b }]))), [true, false], 'indirect');
  t.same(isKnown(open(framesOf([known, { ...other, encoding: 0xff }]))), [true, false], 'omitted');
  const long = { encoding: RELATIVE, start: other.start, length: 0x10_0001 };
  t.same(isKnown(open(framesOf([known, long]))), [true, false], 'longer than any function');
  t.same(isKnown(open(framesOf([known, { ...long, length: 0 }]))), [true, false], 'empty');
  const bytes = framesOf([known]);
  t.same(isKnown(open(bytes, bytes.length + 1)), [false, false], 'not in the file');
  const cut = framesOf([known, { ...other, encoding: RELATIVE }]).subarray(0, -16);
  t.same(isKnown(open(cut)), [true, false], 'cut off');
  const lost = framesOf([known]);
  lost.writeUInt32LE(0x4000, 28);
  t.same(isKnown(open(lost)), [false, false], 'of a common entry before the first');
  t.same(isKnown(new Frames(readerOf(bytes), [])), [false, false], 'no such section');
});

const PLAN: ProgramPlan = {
  fixed: true,
  functions: [
    { name: 'main', does: [{ step: 'frame' }, { step: 'call', name: 'a' }, { step: 'return' }] },
    { name: 'a', does: [{ step: 'frame' }, { step: 'fill', bytes: 40 }, { step: 'return' }] },
    // Nothing calls it: its address is only taken.
    { name: 'b', does: [{ step: 'code', code: [0x31, 0xc0] }, { step: 'return' }] },
  ],
};

/** The program with a section .eh_frame of these functions, and no table of it. */
function withFrames(file: Buffer, frames: Buffer): Buffer {
  const names = Buffer.from('\0.eh_frame\0.shstrtab\0', 'latin1');
  const headers = Buffer.alloc(64 * 3);
  const at = { frames: file.length, names: file.length + frames.length };
  const section = (index: number, name: number, type: number, offset: number, size: number) => {
    headers.writeUInt32LE(name, index * 64);
    headers.writeUInt32LE(type, index * 64 + 4);
    headers.writeBigUInt64LE(BigInt(ADDRESS), index * 64 + 16);
    headers.writeBigUInt64LE(BigInt(offset), index * 64 + 24);
    headers.writeBigUInt64LE(BigInt(size), index * 64 + 32);
  };
  section(1, 1, 1, at.frames, frames.length);
  section(2, 11, 3, at.names, names.length);
  const whole = Buffer.concat([file, frames, names, headers]);
  whole.writeBigUInt64LE(BigInt(at.names + names.length), 40);
  whole.writeUInt16LE(3, 60);
  whole.writeUInt16LE(2, 62);
  return whole;
}

t.test('a program without a table of its frames is read by these', async (t) => {
  const program = buildProgram(PLAN);
  const address = (name: string) => program.addressOf(name);
  const frames = framesOf(
    ['main', 'a', 'b'].map((name) => ({ encoding: RELATIVE, start: address(name), length: 3 })),
  );
  const without = openImage(readerOf(program.file));
  const image = openImage(readerOf(withFrames(program.file, frames)));
  if (typeof image === 'string' || typeof without === 'string') throw new Error('no image');
  t.same(image.functionAt(address('b') + 1), { start: address('b'), end: address('b') + 3 });
  t.equal(without.functionAt(address('b') + 1)?.start, address('a'), 'it is taken for a part of a');
});
