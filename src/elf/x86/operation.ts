import { RAX, RDX, RSP, type Instruction, type Operands } from './instruction.js';

/**
 * What an instruction does to the general registers, as far as it is followed. Arithmetic is not: a register that is
 * computed is only known to be written. `memory` is told of every instruction that may store.
 */
export type Operation =
  | { readonly does: 'nothing' }
  /** `to` is now what `from` was, or the low half of it, sign- or zero-extended. */
  | { readonly does: 'copy'; readonly to: number; readonly from: number; readonly as: CopyAs }
  /** The low 32 bits, signed. */
  | { readonly does: 'constant'; readonly to: number; readonly value: number }
  | { readonly does: 'address'; readonly to: number; readonly base: number; readonly by: number }
  | { readonly does: 'push' }
  | { readonly does: 'pop'; readonly to: number }
  | { readonly does: 'leave' }
  | { readonly does: 'write'; readonly registers: readonly number[]; readonly memory: boolean };

export type CopyAs = 'whole' | 'sign_extended' | 'zero_extended';

const NOTHING: Operation = { does: 'nothing' };
const STORE: Operation = { does: 'write', registers: [], memory: true };

const write = (...registers: number[]): Operation => ({ does: 'write', registers, memory: false });

/**
 * null: an instruction that is not in this list, so that nothing is known of what it does; or a branch, a call or a return,
 * which are for the caller. The list has what compilers put at the beginning and end of small functions.
 */
export function operationOf(one: Instruction): Operation | null {
  if (one.kind === 'nop' || one.kind === 'endbr64') return NOTHING;
  if (one.kind === 'push') return { does: 'push' };
  if (one.kind === 'leave') return { does: 'leave' };
  if (one.kind !== 'other' || one.isModified) return null;
  if (one.map === '0f') return twoByte(one, one.operands);
  return one.map === 'one' ? oneByte(one) : null;
}

function oneByte(one: Instruction): Operation | null {
  const { opcode, operands } = one;
  if (operands !== null) return withOperands(one, operands);
  if (opcode === 0xa8 || opcode === 0xa9) return NOTHING;
  if (opcode < 0x40) return opcode >> 3 === CMP ? NOTHING : write(RAX);
  if (opcode >= 0x58 && opcode <= 0x5f) return { does: 'pop', to: one.low };
  if (opcode === 0x68 || opcode === 0x6a) return { does: 'push' };
  if (opcode === 0x98) return write(RAX);
  if (opcode === 0x99) return write(RDX);
  if (opcode >= 0xb0 && opcode <= 0xb7) return write(...eightBit(one.low));
  if (opcode >= 0xb8 && opcode <= 0xbf) return constant(one, one.low);
  return null;
}

const CMP = 7;

/** Without REX the numbers 4 to 7 of an 8-bit register are the second bytes of 0 to 3. */
const eightBit = (register: number): number[] =>
  register >= 4 && register < 8 ? [register, register - 4] : [register];

function constant(one: Instruction, to: number): Operation {
  const { immediate } = one;
  if (immediate === null || immediate !== (immediate | 0)) return write(to);
  return { does: 'constant', to, value: immediate };
}

/** The operand that is no `reg`: a register is written, or memory. */
function toOther(operands: Operands, isByte = false): Operation {
  if (operands.rm === null) return STORE;
  return write(...(isByte ? eightBit(operands.rm) : [operands.rm]));
}

function withOperands(one: Instruction, operands: Operands): Operation | null {
  const { opcode } = one;
  const isByte = (opcode & 1) === 0;
  if (opcode < 0x40) return arithmetic(one, operands);
  if (opcode === 0x63) return copy(one, operands.reg, operands.rm, 'sign_extended');
  if (opcode === 0x69 || opcode === 0x6b) return write(operands.reg);
  if (opcode <= 0x83 && opcode >= 0x80) return group1(one, operands);
  if (opcode === 0x84 || opcode === 0x85) return NOTHING;
  if (opcode === 0x88) return toOther(operands, true);
  if (opcode === 0x89) return operands.rm === null ? STORE : copy(one, operands.rm, operands.reg);
  if (opcode === 0x8a) return write(...eightBit(operands.reg));
  if (opcode === 0x8b) return copy(one, operands.reg, operands.rm);
  if (opcode === 0x8d) return address(one, operands);
  if ((opcode >= 0xd0 && opcode <= 0xd3) || opcode === 0xc0 || opcode === 0xc1) {
    return toOther(operands, isByte);
  }
  if (opcode === 0xc6 || opcode === 0xc7) return moveConstant(one, operands);
  if (opcode === 0xf6 || opcode === 0xf7) return group3(operands, isByte);
  const isStep = (opcode === 0xfe || opcode === 0xff) && (operands.reg & 7) < 2;
  return isStep ? toOther(operands, isByte) : null;
}

/** The rest of this group begins and aborts transactions. */
function moveConstant(one: Instruction, operands: Operands): Operation | null {
  if ((operands.reg & 7) !== 0) return null;
  if (operands.rm === null) return STORE;
  return one.opcode === 0xc6 ? toOther(operands, true) : constant(one, operands.rm);
}

/** `xor r,r` and `sub r,r` make 0. */
function arithmetic(one: Instruction, operands: Operands): Operation {
  const operation = one.opcode >> 3;
  const isByte = (one.opcode & 1) === 0;
  if (operation === CMP) return NOTHING;
  const isSame = operands.rm === operands.reg && !isByte;
  if (isSame && (operation === 6 || operation === 5)) {
    return { does: 'constant', to: operands.reg, value: 0 };
  }
  const toReg = (one.opcode & 2) !== 0;
  if (!toReg) return toOther(operands, isByte);
  return write(...(isByte ? eightBit(operands.reg) : [operands.reg]));
}

function group1(one: Instruction, operands: Operands): Operation {
  const operation = operands.reg & 7;
  const { rm } = operands;
  if (operation === CMP) return NOTHING;
  const isMove = rm === RSP && one.isWide && (operation === 0 || operation === 5);
  if (!isMove || one.immediate === null) return toOther(operands, one.opcode === 0x80);
  return {
    does: 'address',
    to: rm,
    base: rm,
    by: operation === 0 ? one.immediate : -one.immediate,
  };
}

/** TEST, NOT, NEG, MUL, IMUL, DIV, IDIV. */
function group3(operands: Operands, isByte: boolean): Operation {
  const operation = operands.reg & 7;
  if (operation < 2) return NOTHING;
  return operation < 4 ? toOther(operands, isByte) : write(RAX, RDX);
}

function copy(
  one: Instruction,
  to: number,
  from: number | null,
  narrow: CopyAs = 'zero_extended',
): Operation {
  if (from === null) return write(to);
  const isPlainMove = one.opcode !== 0x63;
  if (isPlainMove) return { does: 'copy', to, from, as: one.isWide ? 'whole' : narrow };
  return one.isWide ? { does: 'copy', to, from, as: narrow } : write(to);
}

function address(one: Instruction, operands: Operands): Operation {
  const { reg, base, index, displacement, rm } = operands;
  if (rm !== null || base === null || index !== null || !one.isWide) return write(reg);
  return { does: 'address', to: reg, base, by: displacement };
}

function twoByte(one: Instruction, operands: Operands | null): Operation | null {
  const { opcode } = one;
  if (operands === null) return opcode >= 0xc8 && opcode <= 0xcf ? write(one.low) : null;
  // What touches vector registers and memory that is read: movups, movaps, movss loads, xorps, pxor has 66 or none.
  if (LOADS_VECTOR.has(opcode)) return NOTHING;
  if (STORES_VECTOR.has(opcode)) return operands.rm === null ? STORE : NOTHING;
  if (opcode >= 0x40 && opcode <= 0x4f) return write(operands.reg);
  if (opcode >= 0x90 && opcode <= 0x9f) return toOther(operands, true);
  const isExtension = opcode === 0xb6 || opcode === 0xb7 || opcode === 0xbe || opcode === 0xbf;
  if (isExtension || opcode === 0xaf) return write(operands.reg);
  return opcode === 0xa3 || opcode === 0x18 || opcode === 0x0d ? NOTHING : null;
}

const LOADS_VECTOR = new Set([0x10, 0x28, 0x57]);
const STORES_VECTOR = new Set([0x11, 0x29]);
