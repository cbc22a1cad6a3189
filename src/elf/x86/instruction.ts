/** How an instruction moves the program on. */
export type InstructionKind =
  /** Of one 64-bit register. */
  | 'push'
  | 'nop'
  /** Direct when `target` is not null. */
  | 'call'
  | 'jmp'
  | 'jcc'
  | 'ret'
  | 'endbr64'
  | 'leave'
  | 'other';

/** Numbers of the general registers, as the processor counts them. */
export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;
export const R8 = 8;
export const R9 = 9;

/** A ModRM byte with what belongs to it. Registers by number, REX counted in; an instruction may mean others by them. */
export interface Operands {
  /** The register or the number of an operation in a group. */
  readonly reg: number;
  /** The other operand, when it is a register; null: it is in memory. */
  readonly rm: number | null;
  readonly base: number | null;
  readonly index: number | null;
  readonly displacement: number;
}

export type OpcodeMap = 'one' | '0f' | '0f38' | '0f3a' | 'vector';

export interface Instruction {
  /** In bytes, 1 to 15. */
  readonly length: number;
  readonly kind: InstructionKind;
  /** Linux runs a probed instruction of this kind by itself instead of stepping over a copy: see emulated.ts. */
  readonly isEmulated: boolean;
  /** Of a direct branch, in the coordinate of `address`; null for the others. */
  readonly target: number | null;
  /** What a RIP-relative operand refers to, in the coordinate of `address`. */
  readonly refers: number | null;
  /** Sign-extended. null: none, or 64 bits that are no safe integer. */
  readonly immediate: number | null;
  readonly map: OpcodeMap;
  readonly opcode: number;
  readonly operands: Operands | null;
  /** REX.W: 64-bit operands. */
  readonly isWide: boolean;
  /** 66, f2, f3, f0, 67 or a segment stands before it. */
  readonly hasPrefix: boolean;
  /** 66, 67, f0, f2 or f3 is among them: it does something else than without, or with other sizes. */
  readonly isModified: boolean;
  /** The register named by the low bits of the opcode, where one is. */
  readonly low: number;
}
