import type { ElfHeaders } from './headers.js';

/**
 * Does code that something calls or points to look like the beginning of a function? Either it sets up a frame, or it is
 * aligned and what stands before it cannot run on into it. `at` is its place in the view, which has up to four bytes before.
 */
export function looksLikeStart(
  view: DataView,
  at: number,
  address: number,
  machine: ElfHeaders['machine'],
): boolean {
  if (at + 4 > view.byteLength) return false;
  if (machine === 'aarch64') return setsUpFrame(view.getUint32(at, true));
  const first = view.getUint8(at);
  const second = view.getUint8(at + 1);
  const third = view.getUint8(at + 2);
  // endbr64
  if (view.getUint32(at, true) === 0xfa1e0ff3) return true;
  // push rbp, rbx or rax
  if (first === 0x55 || first === 0x53 || first === 0x50) return true;
  // push r12 to r15
  if (first === 0x41 && second >= 0x54 && second <= 0x57) return true;
  // sub rsp, imm8 or imm32
  if (first === 0x48 && (second === 0x83 || second === 0x81) && third === 0xec) return true;
  return address % 16 === 0 && at > 0 && ENDINGS.has(view.getUint8(at - 1));
}

/** ret, int3, and the last byte of the usual paddings (nop in its lengths; 0x0f 0x0b is ud2). */
const ENDINGS: ReadonlySet<number> = new Set([0xc3, 0xcc, 0x90, 0x00, 0x0b]);

/** stp x29, x30, [sp, #-n]!; sub sp, sp, #n; paciasp; bti c. */
function setsUpFrame(word: number): boolean {
  return (
    (word & 0xffc07fff) >>> 0 === 0xa9807bfd ||
    (word & 0xff8003ff) >>> 0 === 0xd10003ff ||
    word === 0xd503233f ||
    word === 0xd503245f
  );
}
