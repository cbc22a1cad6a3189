import type { Cursor } from './cursor.js';
import type { OpcodeMap, Operands } from './instruction.js';
import type { Prefixes } from './prefixes.js';

interface Shape {
  readonly map: OpcodeMap;
  readonly opcode: number;
  readonly shape: string;
}

/** Displacement of a RIP-relative operand: from the end of the instruction, which is not known while it is read. */
export interface Rip {
  refers: number | null;
}

const RIP_RELATIVE = 5;
const HAS_SIB = 4;

export function operandsOf(cursor: Cursor, prefixes: Prefixes, shape: Shape, rip: Rip): Operands {
  const modrm = cursor.byte();
  const mod = shape.shape === 'c' ? 3 : modrm >> 6;
  const reg = ((modrm >> 3) & 7) | ((prefixes.rex & 4) << 1);
  const low = modrm & 7;
  const high = (prefixes.rex & 1) << 3;
  if (mod === 3) return { reg, rm: low | high, base: null, index: null, displacement: 0 };
  const memory = { reg, rm: null };
  if (low === HAS_SIB) return { ...memory, ...scaled(cursor, mod, prefixes.rex) };
  if (mod === 0 && low === RIP_RELATIVE) {
    rip.refers = cursor.signed(4);
    return { ...memory, base: null, index: null, displacement: 0 };
  }
  return { ...memory, base: low | high, index: null, displacement: displacementOf(cursor, mod) };
}

function displacementOf(cursor: Cursor, mod: number): number {
  if (mod === 0) return 0;
  return cursor.signed(mod === 1 ? 1 : 4);
}

function scaled(cursor: Cursor, mod: number, rex: number): Omit<Operands, 'reg' | 'rm'> {
  const sib = cursor.byte();
  const index = ((sib >> 3) & 7) | ((rex & 2) << 2);
  const base = (sib & 7) | ((rex & 1) << 3);
  const hasBase = mod !== 0 || (sib & 7) !== RIP_RELATIVE;
  const displacement = hasBase ? displacementOf(cursor, mod) : cursor.signed(4);
  return { base: hasBase ? base : null, index: index === HAS_SIB ? null : index, displacement };
}

/** null: none. undefined: its size depends on the processor. */
export function immediateOf(
  cursor: Cursor,
  prefixes: Prefixes,
  shape: Shape,
  operands: Operands | null,
): number | null | undefined {
  const isWide = (prefixes.rex & 8) !== 0;
  const half = prefixes.isNarrow && !isWide ? 2 : 4;
  switch (shape.shape) {
    case 'b':
    case 'B':
      return cursor.signed(1);
    case 'w':
      return cursor.signed(2);
    case 'e':
      cursor.skip(3);
      return null;
    case 'D':
      // A ModRM byte, always of two registers, and two immediates.
      cursor.skip(3);
      return null;
    case 'z':
      return cursor.signed(half);
    case 'Z':
      return cursor.signed(shape.map === 'vector' ? 4 : half);
    case 'v':
      return isWide ? safe(cursor.signed64()) : cursor.signed(half);
    case 'a':
      cursor.skip(prefixes.isShortAddress ? 4 : 8);
      return null;
    case 'j':
      return half === 2 ? undefined : cursor.signed(4);
    default:
      return testImmediate(cursor, shape.shape, half, operands);
  }
}

/** f6 and f7: the first two of the group are TEST, which has an immediate; NOT, NEG, MUL, DIV have none. */
function testImmediate(
  cursor: Cursor,
  shape: string,
  half: number,
  operands: Operands | null,
): number | null {
  const isTest = operands !== null && (operands.reg & 7) < 2;
  if (shape === 't' && isTest) return cursor.signed(1);
  return shape === 'T' && isTest ? cursor.signed(half) : null;
}

function safe(value: bigint): number | null {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}
