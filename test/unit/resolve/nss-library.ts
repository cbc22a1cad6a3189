import { buildElf, FUNCTION_SIZE, TEXT_OFFSET } from '../elf/build-elf.js';

/** Two tables as NSS has them, of functions of one file; null: nothing stands there. */
export const SECURE = [
  ...['s_connect', null, 'bind', 'listen', 's_shutdown', 's_close'],
  ...['s_recv', 's_send', 's_read', 's_write', 'peer', 'name'],
] as const;
export const PLAIN = [
  ...['d_connect', null, 'bind', 'listen', 'd_shutdown', 'd_close'],
  ...['d_recv', 'd_send', 'd_read', 'd_write', 'peer', 'name'],
] as const;
const EXPORTS = ['SSL_ImportFD', 'SSL_AuthCertificateHook'];

/** A function that does nothing but go to another, with 0 for its fourth argument, for the third as well, for none, or behind more than that. */
interface HandsOn {
  readonly to: string;
  readonly zero?: 'both' | 'none' | 'late';
}

export interface NssPlan {
  readonly machine?: 'x86-64' | 'aarch64';
  /** Its relocations are a table of bits. */
  readonly packed?: boolean;
  /** Marks for indirect branches. */
  readonly marked?: boolean;
  readonly tables?: readonly (readonly (string | null)[])[];
  readonly handsOn?: Readonly<Record<string, HandsOn>>;
  /** Stands where the tables have nothing. */
  readonly filling?: number;
  /** Added to the address of each of these wherever data points to it. */
  readonly beside?: Readonly<Record<string, number>>;
}

export const HANDS_ON: Readonly<Record<string, HandsOn>> = {
  s_read: { to: 's_recv' },
  s_write: { to: 's_send' },
};

const [BASE, TEXT_ADDRESS] = [0x40_0000, 0x40_3000];
const [DYNAMIC, RELOCATIONS, TABLES] = [0x1400, 0x1560, 0x1900];
/** Of all functions, in their order. */
function names({ tables = [] }: NssPlan): string[] {
  const all = new Set([...EXPORTS, ...SECURE, ...PLAIN, ...tables.flat()]);
  return [...all].filter((name) => name !== null);
}

/** Offset in the file of a function of it. */
export const offsetIn = (plan: NssPlan, name: string): number =>
  TEXT_OFFSET + names(plan).indexOf(name) * FUNCTION_SIZE;

export function buildNss(plan: NssPlan = {}): Buffer {
  const all = names(plan);
  const machine = plan.machine === 'aarch64' ? 183 : 62;
  const file = buildElf({ functions: all, hash: 'gnu', sections: null, machine });
  const addressOf = (name: string): number => TEXT_ADDRESS + all.indexOf(name) * FUNCTION_SIZE;
  const handsOn = plan.handsOn ?? HANDS_ON;
  for (const name of all) {
    const to = handsOn[name];
    const from = addressOf(name);
    const code = codeOf(plan, to === undefined ? null : { ...to, by: addressOf(to.to) - from });
    const fill = machine === 62 ? 0xcc : 0;
    Buffer.alloc(FUNCTION_SIZE, fill).copy(file, from - TEXT_ADDRESS + TEXT_OFFSET);
    code.copy(file, from - TEXT_ADDRESS + TEXT_OFFSET);
  }
  const slots = (plan.tables ?? [SECURE, PLAIN]).flat();
  const pointers = slots.map((name) =>
    name === null ? null : addressOf(name) + (plan.beside?.[name] ?? 0),
  );
  const table = plan.packed === true ? packed(file, pointers) : listed(pointers);
  table.copy(file, RELOCATIONS);
  pointers.forEach((target, index) => {
    if (target === null) file.writeBigUInt64LE(BigInt(plan.filling ?? 0), TABLES + index * 8);
  });
  const tags = plan.packed === true ? [36, 35] : [7, 8];
  [tags[0], BASE + RELOCATIONS, tags[1], table.length].forEach((value, index) => {
    file.writeBigUInt64LE(BigInt(value ?? 0), DYNAMIC + 3 * 16 + index * 8);
  });
  return file;
}

/** The same with so many relocations of other words, behind its code. */
export function withRelocations(file: Buffer, count: number): Buffer {
  const table = Buffer.alloc(count * 24);
  for (let at = 0; at < table.length; at += 24) {
    table.writeBigUInt64LE(BigInt(at), at);
    table.writeBigUInt64LE(8n, at + 8);
  }
  const whole = Buffer.concat([file, table]);
  const address = TEXT_ADDRESS + file.length - TEXT_OFFSET;
  whole.writeBigUInt64LE(BigInt(address), DYNAMIC + 3 * 16 + 8);
  whole.writeBigUInt64LE(BigInt(table.length), DYNAMIC + 4 * 16 + 8);
  // Bytes of the second segment in the file.
  whole.writeBigUInt64LE(BigInt(whole.length - TEXT_OFFSET), 64 + 56 + 32);
  return whole;
}

function listed(pointers: readonly (number | null)[]): Buffer {
  return Buffer.concat(
    pointers.flatMap((target, index) => {
      if (target === null) return [];
      const entry = Buffer.alloc(24);
      entry.writeBigUInt64LE(BigInt(BASE + TABLES + index * 8));
      entry.writeBigUInt64LE(8n, 8);
      entry.writeBigUInt64LE(BigInt(target), 16);
      return [entry];
    }),
  );
}

/** The first by its address, what follows by bits; each target stands in its place. */
function packed(file: Buffer, pointers: readonly (number | null)[]): Buffer {
  const words = [BigInt(BASE + TABLES)];
  pointers.forEach((target, index) => {
    if (target === null) return;
    file.writeBigUInt64LE(BigInt(target), TABLES + index * 8);
    if (index === 0) return;
    const word = 1 + Math.floor((index - 1) / 63);
    words[word] = (words[word] ?? 1n) | (1n << BigInt(1 + ((index - 1) % 63)));
  });
  const table = Buffer.alloc(words.length * 8);
  words.forEach((word, index) => table.writeBigUInt64LE(word, index * 8));
  return table;
}

function codeOf(plan: NssPlan, to: (HandsOn & { by: number }) | null): Buffer {
  const isArm = plan.machine === 'aarch64';
  const mark = isArm ? [0x5f, 0x24, 0x03, 0xd5] : [0xf3, 0x0f, 0x1e, 0xfa];
  const marks = to?.zero === 'late' ? 4 : Number(plan.marked === true);
  const begins = Array.from({ length: marks }, () => mark).flat();
  if (to === null) {
    // stp x29, x30, [sp, #-16]!; ret, or push rbp; pop rbp; ret
    const body = isArm ? [0xfd, 0x7b, 0xbf, 0xa9, 0xc0, 0x03, 0x5f, 0xd6] : [0x55, 0x5d, 0xc3];
    return Buffer.from([...begins, ...body]);
  }
  // mov w3, #0 or xor ecx, ecx; and the same with the register before
  const fourth = isArm ? [3, 0, 0x80, 0x52] : [0x31, 0xc9];
  const third = isArm ? [2, 0, 0x80, 0x52] : [0x31, 0xd2];
  const zeros = to.zero === 'none' ? [] : to.zero === 'both' ? [...third, ...fourth] : fourth;
  const head = Buffer.from([...begins, ...zeros]);
  const jump = Buffer.alloc(isArm ? 4 : 5, 0xe9);
  if (isArm) jump.writeUInt32LE(((((to.by - head.length) / 4) & 0x3ffffff) | 0x14000000) >>> 0);
  else jump.writeInt32LE(to.by - head.length - 5, 1);
  return Buffer.concat([head, jump]);
}
