import { Cursor, MAX_LENGTH } from './cursor.js';
import { kindOf, isEmulated } from './emulated.js';
import { immediateOf, operandsOf, type Rip } from './fields.js';
import type { Instruction, OpcodeMap, Operands } from './instruction.js';
import { ONE_BYTE, TWO_BYTE, vectorShape, xopShape } from './opcodes.js';
import { readPrefixes, type Prefixes } from './prefixes.js';

interface Opcode {
  readonly map: OpcodeMap;
  readonly opcode: number;
  /** A letter of opcodes.ts. */
  readonly shape: string;
}

/**
 * The x86-64 instruction at index `at`; `address` is where it lies, the coordinate of targets. null: no instruction the
 * processor takes, cut short by the end of `bytes`, or a branch with an operand size prefix, of which Intel and AMD differ in length.
 * Reads 15 bytes at most. What instructions with a group opcode that is not assigned do is not asked: their length is.
 */
export function decode(bytes: Uint8Array, at: number, address = at): Instruction | null {
  const cursor = new Cursor(bytes, at, Math.min(bytes.length, at + MAX_LENGTH));
  const prefixes = readPrefixes(cursor);
  const opcode = opcodeOf(cursor, prefixes);
  if (opcode === null || opcode.shape === 'x') return null;
  const rip: Rip = { refers: null };
  const operands = hasOperands(opcode.shape) ? operandsOf(cursor, prefixes, opcode, rip) : null;
  const value = immediateOf(cursor, prefixes, opcode, operands);
  if (value === undefined || cursor.isShort) return null;
  return finish({ prefixes, opcode, operands, value, rip, length: cursor.at - at, address });
}

const hasOperands = (shape: string): boolean => 'mBZtTc'.includes(shape);

interface Parts {
  readonly prefixes: Prefixes;
  readonly opcode: Opcode;
  readonly operands: Operands | null;
  readonly value: number | null;
  readonly rip: Rip;
  readonly length: number;
  readonly address: number;
}

function finish(parts: Parts): Instruction {
  const { prefixes, operands, value, length, address } = parts;
  const { map, opcode } = parts.opcode;
  const next = address + length;
  const isBranch = branches(map, opcode) && value !== null;
  const shared = {
    length,
    target: isBranch ? next + value : null,
    refers: parts.rip.refers === null ? null : next + parts.rip.refers,
    immediate: isBranch ? null : value,
    map,
    opcode,
    operands,
    isWide: (prefixes.rex & 8) !== 0,
    hasPrefix: prefixes.has,
    isModified: prefixes.isModified,
    low: (opcode & 7) | ((prefixes.rex & 1) << 3),
  };
  const kind = kindOf(shared, prefixes);
  return { ...shared, kind, isEmulated: isEmulated(kind, shared, prefixes.rex) };
}

/** Has a displacement for an immediate: jcc, loop, jrcxz, call, jmp, xbegin. */
function branches(map: OpcodeMap, opcode: number): boolean {
  if (map === '0f') return opcode >= 0x80 && opcode <= 0x8f;
  if (map !== 'one') return false;
  const isShort = (opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0xe0 && opcode <= 0xe3);
  return isShort || opcode === 0xe8 || opcode === 0xe9 || opcode === 0xeb;
}

function opcodeOf(cursor: Cursor, prefixes: Prefixes): Opcode | null {
  const opcode = cursor.byte();
  if (opcode === 0xc4 || opcode === 0xc5 || opcode === 0x62)
    return vector(cursor, prefixes, opcode);
  if (opcode === 0x8f && (cursor.peek() & 0x1f) >= 8) return vector(cursor, prefixes, opcode);
  if (opcode !== 0x0f) return { map: 'one', opcode, shape: ONE_BYTE.charAt(opcode) };
  const second = cursor.byte();
  if (second === 0x38) return { map: '0f38', opcode: cursor.byte(), shape: 'm' };
  if (second === 0x3a) return { map: '0f3a', opcode: cursor.byte(), shape: 'B' };
  // SSE4a: EXTRQ and INSERTQ have two 8-bit immediates, one more than any other.
  const isExtract = second === 0x78 && (prefixes.isNarrow || prefixes.isRepne);
  return { map: '0f', opcode: second, shape: isExtract ? 'D' : TWO_BYTE.charAt(second) };
}

/** VEX, EVEX or XOP, after its first byte. */
function vector(cursor: Cursor, prefixes: Prefixes, first: number): Opcode | null {
  // The processor refuses them after a prefix that they contain.
  if (prefixes.isForeignToVector) return null;
  const second = cursor.byte();
  if (first === 0xc5) return vectorOpcode(cursor, 1, first);
  cursor.skip(first === 0x62 ? 2 : 1);
  return vectorOpcode(cursor, first === 0x62 ? second & 7 : second & 0x1f, first);
}

function vectorOpcode(cursor: Cursor, map: number, first: number): Opcode | null {
  const opcode = cursor.byte();
  const shape = first === 0x8f ? xopShape(map) : vectorShape(map, opcode, first === 0x62);
  return shape === null ? null : { map: 'vector', opcode, shape };
}
