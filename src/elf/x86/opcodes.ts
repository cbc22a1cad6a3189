/**
 * What follows each opcode of x86-64, as far as its length is concerned: a ModRM byte, and an immediate of which size.
 * From Intel's Software Developer's Manual, volume 2, appendix A (opcode maps) and chapter 2 (VEX, EVEX), and AMD's
 * Architecture Programmer's Manual, volume 3, appendix A (XOP, 3DNow!).
 *
 * A map is 256 letters, a row of 16 a line:
 *   .  nothing            m  ModRM                    x  no instruction, a prefix or an escape
 *   b  8-bit immediate    B  ModRM, 8-bit             w  16-bit immediate
 *   z  32-bit, 16 with an operand size prefix         Z  ModRM, then z
 *   v  as z, 64-bit with REX.W                        a  an address of the address size
 *   j  32-bit branch      e  16-bit and 8-bit (enter) t  ModRM, and 8-bit when it is TEST   T  the same, z
 *   c  ModRM that is always a register (control registers)
 */
const rows = (text: string): string => text.replaceAll(/\s/g, '');

export const ONE_BYTE = rows(`
  mmmmbzxx mmmmbzxx
  mmmmbzxx mmmmbzxx
  mmmmbzxx mmmmbzxx
  mmmmbzxx mmmmbzxx
  xxxxxxxx xxxxxxxx
  ........ ........
  xxxmxxxx zZbB....
  bbbbbbbb bbbbbbbb
  BZxBmmmm mmmmmmmm
  ........ ..x.....
  aaaa.... bz......
  bbbbbbbb vvvvvvvv
  BBw.xxBZ e.w..bx.
  mmmmxxx. mmmmmmmm
  bbbbbbbb jjxb....
  x.xx..tT ......mm
`);

/** After 0f. */
export const TWO_BYTE = rows(`
  mmmmx... ..x.xm.B
  mmmmmmmm mmmmmmmm
  ccccxxxx mmmmmmmm
  ......x. xxxxxxxx
  mmmmmmmm mmmmmmmm
  mmmmmmmm mmmmmmmm
  mmmmmmmm mmmmmmmm
  BBBBmmm. mmxxmmmm
  jjjjjjjj jjjjjjjj
  mmmmmmmm mmmmmmmm
  ...mBmmm ...mBmmm
  mmmmmmmm mmBmmmmm
  mmBmBBBm ........
  mmmmmmmm mmmmmmmm
  mmmmmmmm mmmmmmmm
  mmmmmmmm mmmmmmmm
`);

/** Opcodes after 0f that take an 8-bit immediate also when VEX or EVEX encodes them; all others take none. */
const VECTOR_IMMEDIATE = new Set([0x70, 0x71, 0x72, 0x73, 0xc2, 0xc4, 0xc5, 0xc6]);

const EMMS = 0x77;

/** Of an opcode in a map of VEX or EVEX (the number in its prefix). null: no such map. */
export function vectorShape(map: number, opcode: number, isEvex: boolean): string | null {
  if (map === 1) {
    if (opcode === EMMS && !isEvex) return '.';
    return VECTOR_IMMEDIATE.has(opcode) ? 'B' : 'm';
  }
  if (map === 2) return 'm';
  if (map === 3) return 'B';
  return isEvex && (map === 5 || map === 6) ? 'm' : null;
}

/** XOP's maps are numbered from 8: below that, 8f is POP. */
export function xopShape(map: number): string | null {
  if (map === 8) return 'B';
  if (map === 9) return 'm';
  return map === 10 ? 'Z' : null;
}
