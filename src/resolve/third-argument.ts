import { decode, type FunctionRange, type Image } from '../elf/index.js';

/** Larger than any function this is asked of. */
const CODE_MAX = 4096;
const MOV_IMMEDIATE = 0xb8;
const PUSH_IMMEDIATES: readonly number[] = [0x68, 0x6a];
const POP = 0x58;
const RDX = 2;
/** `movz w2, #n`: Arm Architecture Reference Manual, C6.2.254. */
const MOVZ_W2 = 0x52800002;
const MOVZ_MASK = 0xffe0001f;

/**
 * Constants a function loads into the register of a third argument: of a function that raises errors of OpenSSL's family,
 * the reasons (ERR_put_error's third argument). With constants that are third arguments of other calls. null: not code,
 * or larger than 4096 bytes.
 */
export function thirdArguments(image: Image, range: FunctionRange): ReadonlySet<number> | null {
  const length = range.end - range.start;
  const code = length > 0 && length <= CODE_MAX ? image.bytes(range.start, length) : null;
  if (code === null) return null;
  return image.machine === 'x86-64' ? ofX86(code) : ofAarch64(code);
}

function ofX86(code: Uint8Array): Set<number> | null {
  const found = new Set<number>();
  let pushed: number | null = null;
  for (let at = 0; at < code.length;) {
    const instruction = decode(code, at);
    if (instruction === null) return null;
    const { map, opcode, low, immediate } = instruction;
    const register = map === 'one' && low === RDX ? opcode & 0xf8 : null;
    if (register === MOV_IMMEDIATE && immediate !== null) found.add(immediate);
    // Compilers for size push a small constant and take it off into the register.
    if (register === POP && pushed !== null) found.add(pushed);
    pushed = map === 'one' && PUSH_IMMEDIATES.includes(opcode) ? immediate : null;
    at += instruction.length;
  }
  return found;
}

function ofAarch64(code: Uint8Array): Set<number> {
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  const found = new Set<number>();
  for (let at = 0; at + 4 <= code.length; at += 4) {
    const word = view.getUint32(at, true);
    if ((word & MOVZ_MASK) === MOVZ_W2) found.add((word >>> 5) & 0xffff);
  }
  return found;
}
