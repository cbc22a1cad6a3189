/** A small ELF file made by hand, as linkers make them. All text is at one address a function apart. */
export interface ElfPlan {
  readonly functions: readonly string[];
  /** Functions only named, as an importing file does. */
  readonly imports?: readonly string[];
  readonly hash: 'gnu' | 'sysv' | 'none';
  /** Symbols in a section-described table of this type; null: no section headers. */
  readonly sections: 'dynsym' | 'symtab' | null;
  readonly dynamic?: boolean;
  readonly machine?: number;
  readonly buildId?: string;
}

export const TEXT_OFFSET = 0x2000;
const TEXT_ADDRESS = 0x40_3000;
const BASE = 0x40_0000;
export const FUNCTION_SIZE = 0x40;
const SYMBOL_SIZE = 24;

/** Everything up to the text is mapped from file offset 0 at BASE; the text is elsewhere. */
export function buildElf(plan: ElfPlan): Buffer {
  const file = Buffer.alloc(TEXT_OFFSET + FUNCTION_SIZE * (plan.functions.length + 1));
  const names = [...(plan.imports ?? []), ...orderForGnuHash(plan)];
  const strings = Buffer.from(`\0${names.join('\0')}\0`, 'latin1');
  const symbols = Buffer.alloc(SYMBOL_SIZE * (names.length + 1));
  names.forEach((name, index) => {
    const at = SYMBOL_SIZE * (index + 1);
    const isImport = index < (plan.imports?.length ?? 0);
    symbols.writeUInt32LE(strings.indexOf(`\0${name}\0`) + 1, at);
    symbols.writeUInt8(0x12, at + 4);
    symbols.writeUInt16LE(isImport ? 0 : 1, at + 6);
    const address = TEXT_ADDRESS + plan.functions.indexOf(name) * FUNCTION_SIZE;
    // A program that takes the address of an import gives it that of a stub of its own.
    symbols.writeBigUInt64LE(BigInt(isImport ? TEXT_ADDRESS : address), at + 8);
  });
  const at = { symbols: 0x400, strings: 0xa00, hash: 0xd00, dynamic: 0x1400, note: 0x1500 };
  symbols.copy(file, at.symbols);
  strings.copy(file, at.strings);
  const firstHashed = (plan.imports?.length ?? 0) + 1;
  if (plan.hash === 'gnu') gnuTable(names, firstHashed).copy(file, at.hash);
  if (plan.hash === 'sysv') sysvTable(names).copy(file, at.hash);
  writeDynamic(file, at, plan.hash);
  writeNote(file, at.note, plan.buildId ?? 'c0ffee');
  writeHeaders(file, plan, at);
  if (plan.sections !== null) {
    const range = { symbols, strings, at };
    writeSections(file, range, plan.sections === 'dynsym' ? 11 : 2);
  }
  return file;
}

type Places = Readonly<Record<'symbols' | 'strings' | 'hash' | 'dynamic' | 'note', number>>;

function writeHeaders(file: Buffer, plan: ElfPlan, at: Places): void {
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(3, 16);
  file.writeUInt16LE(plan.machine ?? 62, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeBigUInt64LE(plan.sections === null ? 0n : 0x1800n, 40);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(4, 56);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(plan.sections === null ? 0 : 3, 60);
  const textSize = file.length - TEXT_OFFSET;
  const dynamic = plan.dynamic === false ? 0 : 2;
  writeSegment(file, 0, { type: 1, flags: 4, offset: 0, address: BASE, size: TEXT_OFFSET });
  writeSegment(file, 1, {
    type: 1,
    flags: 5,
    offset: TEXT_OFFSET,
    address: TEXT_ADDRESS,
    size: textSize,
  });
  writeSegment(file, 2, { type: dynamic, flags: 6, offset: at.dynamic, address: 0, size: 0x60 });
  writeSegment(file, 3, { type: 4, flags: 4, offset: at.note, address: 0, size: 0x40 });
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

function writeDynamic(file: Buffer, at: Places, hash: ElfPlan['hash']): void {
  const entries: [number, number][] = [
    [6, BASE + at.symbols],
    [5, BASE + at.strings],
  ];
  if (hash === 'gnu') entries.push([0x6ffffef5, BASE + at.hash]);
  if (hash === 'sysv') entries.push([4, BASE + at.hash]);
  entries.forEach(([tag, value], index) => {
    file.writeBigUInt64LE(BigInt(tag), at.dynamic + index * 16);
    file.writeBigUInt64LE(BigInt(value), at.dynamic + index * 16 + 8);
  });
}

function writeNote(file: Buffer, at: number, buildId: string): void {
  const id = Buffer.from(buildId, 'hex');
  // Another note first: the reader has to step over it.
  file.writeUInt32LE(4, at);
  file.writeUInt32LE(2, at + 4);
  file.writeUInt32LE(1, at + 8);
  file.write('XYZ\0', at + 12, 'latin1');
  file.writeUInt32LE(4, at + 20);
  file.writeUInt32LE(id.length, at + 24);
  file.writeUInt32LE(3, at + 28);
  file.write('GNU\0', at + 32, 'latin1');
  id.copy(file, at + 36);
}

function writeSections(
  file: Buffer,
  { symbols, strings, at }: { symbols: Buffer; strings: Buffer; at: Places },
  type: number,
): void {
  const write = (index: number, sh: { type: number; offset: number; size: number }): void => {
    const from = 0x1800 + index * 64;
    file.writeUInt32LE(sh.type, from + 4);
    file.writeBigUInt64LE(BigInt(sh.offset), from + 24);
    file.writeBigUInt64LE(BigInt(sh.size), from + 32);
    file.writeUInt32LE(2, from + 40);
  };
  write(1, { type, offset: at.symbols, size: symbols.length });
  write(2, { type: 3, offset: at.strings, size: strings.length });
}

const BUCKETS = 3;

const gnuHashOf = (name: string): number => {
  let hash = 5381n;
  for (const char of Buffer.from(name)) hash = (hash * 33n + BigInt(char)) % 2n ** 32n;
  return Number(hash);
};

/** The format wants symbols sorted by bucket. */
function orderForGnuHash(plan: ElfPlan): string[] {
  return [...plan.functions].sort((a, b) => (gnuHashOf(a) % BUCKETS) - (gnuHashOf(b) % BUCKETS));
}

function gnuTable(names: readonly string[], first: number): Buffer {
  const table = Buffer.alloc(16 + 8 + BUCKETS * 4 + names.length * 4);
  [BUCKETS, first, 1, 6].forEach((word, index) => table.writeUInt32LE(word, index * 4));
  names.forEach((name, index) => {
    const symbol = index + 1;
    if (symbol < first) return;
    const bucket = gnuHashOf(name) % BUCKETS;
    const next = names[index + 1];
    const isLast = next === undefined || gnuHashOf(next) % BUCKETS !== bucket;
    if (table.readUInt32LE(24 + bucket * 4) === 0) table.writeUInt32LE(symbol, 24 + bucket * 4);
    const value = ((gnuHashOf(name) & ~1) | (isLast ? 1 : 0)) >>> 0;
    table.writeUInt32LE(value, 24 + BUCKETS * 4 + (symbol - first) * 4);
  });
  return table;
}

/** One bucket: every symbol is on its chain. */
function sysvTable(names: readonly string[]): Buffer {
  const table = Buffer.alloc(8 + 4 + (names.length + 1) * 4);
  table.writeUInt32LE(1, 0);
  table.writeUInt32LE(names.length + 1, 4);
  table.writeUInt32LE(1, 8);
  names.forEach((_, index) => {
    table.writeUInt32LE(index + 2 > names.length ? 0 : index + 2, 12 + (index + 1) * 4);
  });
  return table;
}
