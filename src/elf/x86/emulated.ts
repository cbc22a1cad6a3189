import type { Instruction, InstructionKind } from './instruction.js';
import type { Prefixes } from './prefixes.js';

type Known = Pick<
  Instruction,
  'map' | 'opcode' | 'operands' | 'target' | 'hasPrefix' | 'length' | 'isWide'
>;

export function kindOf(known: Known, prefixes: Prefixes): InstructionKind {
  if (known.map === '0f') return kindOf0f(known, prefixes);
  if (known.map !== 'one') return 'other';
  const { opcode } = known;
  if (opcode >= 0x50 && opcode <= 0x57) return prefixes.isNarrow ? 'other' : 'push';
  if (opcode >= 0x70 && opcode <= 0x7f) return 'jcc';
  // With REX.B it is an exchange with r8; after f3 it is PAUSE, which does nothing either.
  if (opcode === 0x90) return (prefixes.rex & 1) === 0 ? 'nop' : 'other';
  // LOOP and JRCXZ go on by a condition as well.
  if (opcode >= 0xe0 && opcode <= 0xe3) return 'jcc';
  if (opcode === 0xe8) return 'call';
  if (opcode === 0xe9 || opcode === 0xeb) return 'jmp';
  if (opcode === 0xc2 || opcode === 0xc3) return 'ret';
  if (opcode === 0xc9) return 'leave';
  const group = opcode === 0xff ? known.operands && known.operands.reg & 7 : null;
  if (group === 2 || group === 3) return 'call';
  return group === 4 || group === 5 ? 'jmp' : 'other';
}

function kindOf0f(known: Known, prefixes: Prefixes): InstructionKind {
  const { opcode, operands } = known;
  if (opcode >= 0x80 && opcode <= 0x8f) return 'jcc';
  if (opcode === 0x1f) return 'nop';
  const isEndbr = opcode === 0x1e && prefixes.isRep && operands?.rm === 2 && operands.reg === 7;
  return isEndbr ? 'endbr64' : 'other';
}

/**
 * Linux emulates what follows instead of stepping over a copy of it, from 5.10 to 6.18, by arch/x86/kernel/uprobes.c
 * (branch_setup_xol_ops, push_setup_xol_ops): direct jmp, jcc and call, NOP of one byte, PUSH of a register with no prefix
 * or REX.B alone. Newer kernels know more; a site must be good on all of them. A branch with any prefix is left out: the
 * kernel refuses to probe some of them.
 */
export function isEmulated(kind: InstructionKind, known: Known, rex: number): boolean {
  if (known.hasPrefix) return false;
  if (kind === 'push') return rex === 0 || rex === 0x41;
  if (kind === 'nop') return known.length === 1;
  const isLoop = known.map === 'one' && known.opcode >= 0xe0 && known.opcode <= 0xe3;
  const isBranch = kind === 'call' || kind === 'jmp' || kind === 'jcc';
  return isBranch && known.target !== null && !isLoop && rex === 0;
}
