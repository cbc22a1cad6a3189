import { decode, operationOf, RCX } from '../elf/index.js';
import { bytesUpTo, type Code } from './code.js';

/** A mark for indirect branches, the constant, the jump: 4, 2 and 5 bytes, on aarch64 three words. */
const LENGTH_MAX = 16;
const WORDS_MAX = 3;

/** `bti c`; `mov w3, #0` as assemblers write it, and from the register that is 0: Arm ARM C6.2. */
const BTI_C = 0xd503245f;
const ZERO_TO_W3: readonly number[] = [0x52800003, 0x2a1f03e3];

/**
 * Is the function at `address` nothing but a call of `to` with the same three arguments, and 0 for the fourth? So a compiler
 * leaves what is written as `return to(a, b, c, 0)`.
 */
export function addsNoFlags(code: Code, address: number, to: number): boolean {
  const bytes = bytesUpTo(code, address, LENGTH_MAX);
  if (bytes === null) return false;
  return code.machine === 'x86-64'
    ? x86(bytes, address, to)
    : aarch64(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), address, to);
}

function x86(bytes: Uint8Array, address: number, to: number): boolean {
  let isZero = false;
  for (let at = 0; at < bytes.length;) {
    const one = decode(bytes, at, address + at);
    if (one === null) return false;
    if (one.kind === 'jmp') return isZero && one.target === to;
    const operation = operationOf(one);
    if (operation?.does === 'constant' && operation.to === RCX) isZero = operation.value === 0;
    else if (operation?.does !== 'nothing') return false;
    at += one.length;
  }
  return false;
}

function aarch64(words: DataView, address: number, to: number): boolean {
  let isZero = false;
  for (let at = 0; at < WORDS_MAX * 4 && at + 4 <= words.byteLength; at += 4) {
    const word = words.getUint32(at, true);
    // b, with a distance of 26 bits in words
    if (word >>> 26 === 5) return isZero && address + at + ((word << 6) >> 6) * 4 === to;
    if (ZERO_TO_W3.includes(word)) isZero = true;
    else if (word !== BTI_C) return false;
  }
  return false;
}
