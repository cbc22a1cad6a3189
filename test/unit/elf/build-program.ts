/**
 * A small program with real code, made by hand: texts in its data, functions that load them, report errors with them and
 * call each other. Without symbols and sections, as stripped programs are, unless `symbols` are asked for.
 */
export interface ProgramPlan {
  readonly functions: readonly FunctionPlan[];
  /** Texts that stand in the data though no code loads them, as they are. */
  readonly texts?: readonly string[];
  readonly machine?: 'x86-64' | 'aarch64';
  /** Loaded at the addresses it names. */
  readonly fixed?: boolean;
  /** With an unwind table of its functions. */
  readonly unwind?: boolean;
  /** Functions that data points to, by relocations. */
  readonly pointers?: readonly string[];
  /** Functions with local symbols, in a table of sections. A name may be there twice. */
  readonly symbols?: readonly string[];
}

export interface FunctionPlan {
  readonly name: string;
  readonly does: readonly Step[];
}

export type Step =
  /** push rbp; mov rbp, rsp, or its like. */
  | { readonly step: 'frame' }
  | { readonly step: 'load'; readonly text: string }
  | {
      readonly step: 'raise';
      readonly path: string;
      readonly reason: number;
      readonly line?: number;
    }
  | { readonly step: 'call'; readonly name: string }
  | { readonly step: 'fill'; readonly bytes: number }
  /** Machine code. */
  | { readonly step: 'code'; readonly code: readonly number[] }
  | { readonly step: 'return' };

export interface Program {
  readonly file: Buffer;
  /** Of its code: address minus offset. */
  addressOf(name: string): number;
  offsetOf(name: string): number;
}

const DATA = 0x1000;
const GAP = 0x1000;
const HEADERS = 64 + 56 * 4;

export function buildProgram(plan: ProgramPlan): Program {
  const base = plan.fixed === true ? 0x40_0000 : 0;
  const loaded = plan.functions.flatMap(({ does }) =>
    does.flatMap((s) => (s.step === 'load' ? [s.text] : s.step === 'raise' ? [s.path] : [])),
  );
  const data = new Data(base + DATA, [...new Set([...(plan.texts ?? []), ...loaded])]);
  const textOffset = align(DATA + data.bytes.length, 0x1000);
  const textAddress = base + textOffset + GAP;
  const maker = plan.machine === 'aarch64' ? aarch64 : x86(plan.fixed === true);
  const places = placesOf(plan, maker, textAddress);
  const code = Buffer.concat(
    plan.functions.map((fn) => {
      const start = places.get(fn.name) ?? 0;
      const body = encode(fn, start, maker, data, places);
      return Buffer.concat([body, maker.padding(align(body.length, 16) - body.length)]);
    }),
  );
  const extraOffset = align(textOffset + code.length, 0x1000);
  const extraAddress = base + extraOffset + 2 * GAP;
  const ends = new Map(
    plan.functions.map((fn) => [fn.name, encode(fn, 0, maker, data, places).length]),
  );
  const unwind = plan.unwind === true ? unwindTable(extraAddress, places, ends) : Buffer.alloc(0);
  const dynamicAt = align(unwind.length, 16);
  const pointers = (plan.pointers ?? []).map((name) => places.get(name) ?? 0);
  const dynamic = dynamicTable(extraAddress + dynamicAt + 64, pointers);
  const extra = Buffer.concat([unwind, Buffer.alloc(dynamicAt - unwind.length), dynamic]);
  const symbolsOffset = align(extraOffset + extra.length, 16);
  const tables = symbolTables(plan.symbols ?? [], places, symbolsOffset);
  const file = Buffer.concat([Buffer.alloc(symbolsOffset), tables.bytes]);
  data.bytes.copy(file, DATA);
  code.copy(file, textOffset);
  extra.copy(file, extraOffset);
  writeHeader(file, plan, tables);
  const load = (
    index: number,
    type: number,
    flags: number,
    at: number,
    offset: number,
    size: number,
  ) => {
    writeSegment(file, index, { type, flags, address: at, offset, size });
  };
  load(0, 1, 4, base, 0, DATA + data.bytes.length);
  load(1, 1, 5, textAddress, textOffset, code.length);
  load(2, 1, 4, extraAddress, extraOffset, extra.length);
  if (plan.unwind === true) load(3, 0x6474e550, 4, extraAddress, extraOffset, unwind.length);
  else load(3, 2, 6, extraAddress + dynamicAt, extraOffset + dynamicAt, 64);
  const addressOf = (name: string): number => {
    const address = places.get(name);
    if (address === undefined) throw new Error(`no function ${name}`);
    return address;
  };
  return { file, addressOf, offsetOf: (name) => addressOf(name) - textAddress + textOffset };
}

const align = (value: number, to: number): number => Math.ceil(value / to) * to;

class Data {
  readonly bytes: Buffer;
  readonly #at = new Map<string, number>();

  constructor(address: number, texts: readonly string[]) {
    let whole = 'first\0';
    for (const text of texts) {
      this.#at.set(text, address + whole.length);
      whole += `${text}\0`;
    }
    this.bytes = Buffer.from(whole, 'latin1');
  }

  addressOf(text: string): number {
    return this.#at.get(text) ?? 0;
  }
}

interface Maker {
  readonly frame: () => Buffer;
  readonly load: (at: number, target: number, register?: number) => Buffer;
  readonly constant: (register: number, value: number) => Buffer;
  readonly call: (at: number, target: number) => Buffer;
  readonly ret: () => Buffer;
  readonly padding: (bytes: number) => Buffer;
}

const x86 = (fixed: boolean): Maker => ({
  frame: () => Buffer.from([0x55, 0x48, 0x89, 0xe5]),
  load: (at, target) => {
    const wide = Buffer.from([0x48, 0x8d, 0x0d, 0, 0, 0, 0]);
    const narrow = Buffer.from([0xb9, 0, 0, 0, 0]);
    if (fixed) narrow.writeUInt32LE(target, 1);
    else wide.writeInt32LE(target - at - 7, 3);
    return fixed ? narrow : wide;
  },
  // mov edx or r8d
  constant: (register, value) => {
    const mov = register === 4 ? [0x41, 0xb8] : [0xba];
    const imm = Buffer.alloc(4);
    imm.writeInt32LE(value);
    return Buffer.concat([Buffer.from(mov), imm]);
  },
  call: (at, target) => {
    const call = Buffer.from([0xe8, 0, 0, 0, 0]);
    call.writeInt32LE(target - at - 5, 1);
    return call;
  },
  ret: () => Buffer.from([0xc3]),
  padding: (bytes) => Buffer.alloc(bytes, 0xcc),
});

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

const aarch64: Maker = {
  frame: () => word(0xa9bf7bfd),
  load: (at, target) => {
    const pages = Math.floor(target / 4096) - Math.floor(at / 4096);
    const adrp = 0x90000003 | ((pages & 3) << 29) | (((pages >> 2) & 0x7ffff) << 5);
    return Buffer.concat([word(adrp), word(0x91000063 | ((target & 0xfff) << 10))]);
  },
  constant: (register, value) => word(0x52800000 | (value << 5) | register),
  call: (at, target) => word(0x94000000 | (((target - at) / 4) & 0x3ffffff)),
  ret: () => word(0xd65f03c0),
  padding: (bytes) => Buffer.concat(Array.from({ length: bytes / 4 }, () => word(0xd503201f))),
};

function encode(
  fn: FunctionPlan,
  start: number,
  maker: Maker,
  data: Data,
  places: ReadonlyMap<string, number>,
): Buffer {
  let code: Buffer = Buffer.alloc(0);
  const add = (make: (at: number) => Buffer): void => {
    code = Buffer.concat([code, make(start + code.length)]);
  };
  for (const step of fn.does) {
    if (step.step === 'frame') add(maker.frame);
    else if (step.step === 'fill') add(() => maker.padding(step.bytes));
    else if (step.step === 'code') add(() => Buffer.from(step.code));
    else if (step.step === 'return') add(maker.ret);
    else if (step.step === 'load') add((at) => maker.load(at, data.addressOf(step.text)));
    else if (step.step === 'call') add((at) => maker.call(at, places.get(step.name) ?? at));
    else {
      add((at) => maker.load(at, data.addressOf(step.path)));
      add(() => maker.constant(2, step.reason));
      add(() => maker.constant(4, step.line ?? 1));
    }
  }
  return code;
}

function placesOf(plan: ProgramPlan, maker: Maker, textAddress: number): Map<string, number> {
  const places = new Map<string, number>();
  let at = textAddress;
  for (const fn of plan.functions) {
    places.set(fn.name, at);
    at += align(encode(fn, 0, maker, new Data(0, []), new Map()).length, 16);
  }
  return places;
}

/** .eh_frame_hdr, and behind it one common entry and one description each. */
function unwindTable(
  address: number,
  places: ReadonlyMap<string, number>,
  lengths: ReadonlyMap<string, number>,
): Buffer {
  const sorted = [...places].sort((a, b) => a[1] - b[1]);
  const frames = 12 + sorted.length * 8;
  const table = Buffer.alloc(frames + 24 + sorted.length * 24);
  table.set([1, 0x1b, 0x03, 0x3b]);
  table.writeUInt32LE(sorted.length, 8);
  // length, id 0, version 1, "zR", code 1, data -8, register 16, augmentation of one byte: pcrel sdata4
  table.writeUInt32LE(20, frames);
  table.set([1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 0x1b], frames + 8);
  sorted.forEach(([name, start], index) => {
    const at = frames + 24 + index * 24;
    table.writeInt32LE(start - address, 12 + index * 8);
    table.writeInt32LE(at, 16 + index * 8);
    table.writeUInt32LE(20, at);
    table.writeUInt32LE(at + 4 - frames, at + 4);
    table.writeInt32LE(start - (address + at + 8), at + 8);
    table.writeUInt32LE(lengths.get(name) ?? 0, at + 12);
  });
  return table;
}

/** PT_DYNAMIC of 64 bytes, and behind it the relocations it names. */
function dynamicTable(relocations: number, pointers: readonly number[]): Buffer {
  const table = Buffer.alloc(64 + pointers.length * 24);
  [7, relocations, 8, pointers.length * 24].forEach((value, index) => {
    table.writeBigUInt64LE(BigInt(value), index * 8);
  });
  pointers.forEach((target, index) => {
    table.writeBigUInt64LE(8n, 64 + index * 24 + 8);
    table.writeBigUInt64LE(BigInt(target), 64 + index * 24 + 16);
  });
  return table;
}

interface Tables {
  readonly bytes: Buffer;
  readonly sections: number;
}

/** .symtab with local functions, .strtab, .shstrtab and the headers of these. */
function symbolTables(
  names: readonly string[],
  places: ReadonlyMap<string, number>,
  offset: number,
): Tables {
  if (names.length === 0) return { bytes: Buffer.alloc(0), sections: 0 };
  const strings = Buffer.from(`\0${names.join('\0')}\0`, 'latin1');
  const symbols = Buffer.alloc(24 * (names.length + 1));
  let nameAt = 1;
  names.forEach((name, index) => {
    symbols.writeUInt32LE(nameAt, 24 * (index + 1));
    symbols.writeUInt8(0x02, 24 * (index + 1) + 4);
    symbols.writeUInt16LE(1, 24 * (index + 1) + 6);
    const second = names.indexOf(name) < index ? 4 : 0;
    symbols.writeBigUInt64LE(BigInt((places.get(name) ?? 0) + second), 24 * (index + 1) + 8);
    nameAt += name.length + 1;
  });
  const own = Buffer.from('\0.symtab\0.strtab\0.shstrtab\0', 'latin1');
  const at = { strings: symbols.length, own: symbols.length + strings.length };
  const headersAt = align(at.own + own.length, 8);
  const headers = Buffer.alloc(64 * 4);
  const section = (index: number, name: number, type: number, from: number, size: number) => {
    headers.writeUInt32LE(name, index * 64);
    headers.writeUInt32LE(type, index * 64 + 4);
    headers.writeBigUInt64LE(BigInt(offset + from), index * 64 + 24);
    headers.writeBigUInt64LE(BigInt(size), index * 64 + 32);
    headers.writeUInt32LE(2, index * 64 + 40);
  };
  section(1, 1, 2, 0, symbols.length);
  section(2, 9, 3, at.strings, strings.length);
  section(3, 17, 3, at.own, own.length);
  const bytes = Buffer.alloc(headersAt + headers.length);
  symbols.copy(bytes, 0);
  strings.copy(bytes, at.strings);
  own.copy(bytes, at.own);
  headers.copy(bytes, headersAt);
  return { bytes, sections: offset + headersAt };
}

function writeHeader(file: Buffer, plan: ProgramPlan, { sections }: Tables): void {
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(plan.fixed === true ? 2 : 3, 16);
  file.writeUInt16LE(plan.machine === 'aarch64' ? 183 : 62, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeBigUInt64LE(BigInt(sections), 40);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE((HEADERS - 64) / 56, 56);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(sections === 0 ? 0 : 4, 60);
  file.writeUInt16LE(sections === 0 ? 0 : 3, 62);
}

function writeSegment(
  file: Buffer,
  index: number,
  s: { type: number; flags: number; offset: number; address: number; size: number },
): void {
  const at = 64 + index * 56;
  file.writeUInt32LE(s.type, at);
  file.writeUInt32LE(s.flags, at + 4);
  file.writeBigUInt64LE(BigInt(s.offset), at + 8);
  file.writeBigUInt64LE(BigInt(s.address), at + 16);
  file.writeBigUInt64LE(BigInt(s.size), at + 32);
  file.writeBigUInt64LE(4n, at + 48);
}
