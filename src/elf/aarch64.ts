/** What is asked of an aarch64 instruction: where a function ends, and where it goes. All are four bytes long. */
export interface Aarch64Instruction {
  readonly length: 4;
  readonly kind: 'call' | 'jmp' | 'jcc' | 'ret' | 'nop' | 'other';
  /** Of a direct branch, in the coordinate of `address`; null for the others. */
  readonly target: number | null;
}

const BYTES = 4;

/** The instruction at index `at`, which is a multiple of 4 from the start of the code. null: less than four bytes are left. */
export function decodeAarch64(
  bytes: Uint8Array,
  at: number,
  address = at,
): Aarch64Instruction | null {
  if (at < 0 || at + BYTES > bytes.length) return null;
  const word = new DataView(bytes.buffer, bytes.byteOffset + at, BYTES).getUint32(0, true);
  return { length: BYTES, ...branch(word, address) };
}

/** Encodings of Arm's Architecture Reference Manual, "Branches, Exception Generating and System instructions". */
function branch(word: number, address: number): Omit<Aarch64Instruction, 'length'> {
  const top = word >>> 26;
  const to = (bits: number, from: number) => address + field(word, from, bits) * BYTES;
  if (top === 0b100101) return { kind: 'call', target: to(26, 0) };
  if (top === 0b000101) return { kind: 'jmp', target: to(26, 0) };
  // B.cond (and BC.cond), CBZ and CBNZ.
  if (word >>> 24 === 0x54 || ((word >>> 25) & 0x3f) === 0b011010) {
    return { kind: 'jcc', target: to(19, 5) };
  }
  // TBZ, TBNZ.
  if (((word >>> 25) & 0x3f) === 0b011011) return { kind: 'jcc', target: to(14, 5) };
  // BR, BLR, RET by register, and those that authenticate the address first (bits 24 and 11).
  if ((word & 0xfe1ff000) >>> 0 === 0xd61f0000) return { kind: indirect(word), target: null };
  return { kind: word >>> 0 === 0xd503201f ? 'nop' : 'other', target: null };
}

function indirect(word: number): Aarch64Instruction['kind'] {
  const operation = (word >>> 21) & 7;
  return (['jmp', 'call', 'ret'] as const)[operation] ?? 'other';
}

/** `bits` bits from bit `from`, signed. */
function field(word: number, from: number, bits: number): number {
  return (word << (32 - from - bits)) >> (32 - bits);
}
