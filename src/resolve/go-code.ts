import { decode } from '../elf/index.js';

/**
 * A function of Go begins with a look at the space left on its stack (Go's src/cmd/internal/obj/x86/obj6.go and
 * arm64/obj7.go, stacksplit), and when there is too little lets the stack grow and begins anew. The instruction that
 * decides is where a probe goes: nothing has moved yet, and the kernel emulates a jump. That the stack's limit is read
 * through the register of the goroutine says that arguments are in registers too.
 */
export type GoCode =
  { readonly entry: number; readonly returns: readonly number[] } | { readonly refused: string };

/** Bytes, null for any. `limit(R14)` is stackguard0 of the goroutine. */
const X86_CHECKS: readonly (readonly (number | null)[])[] = [
  // cmp rsp, [r14+16]
  [0x49, 0x3b, 0x66, 0x10],
  // lea r12, [rsp-N]; cmp r12, [r14+16]
  [0x4c, 0x8d, 0x64, 0x24, null, 0x4d, 0x3b, 0x66, 0x10],
  [0x4c, 0x8d, 0xa4, 0x24, null, null, null, null, 0x4d, 0x3b, 0x66, 0x10],
];
/** mov rcx, fs:[-8]: the goroutine is not in a register, so neither are the arguments. */
const X86_STACK_ABI: readonly number[] = [0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff];
const JBE_SHORT = 0x76;
const JBE_NEAR = 0x86;

/** ldr x16, [x28, #16] */
const ARM_LIMIT = 0xf9400b90;
/** cmp sp, x16 */
const ARM_COMPARE_SP = 0xeb3063ff;
/** sub x17, sp, #N; cmp x17, x16 */
const ARM_SUB_X17 = 0xd10003f1;
const ARM_SUB_MASK = 0xff8003ff;
const ARM_COMPARE_X17 = 0xeb10023f;
const ARM_BLS = 0x54000009;
const ARM_BLS_MASK = 0xff00001f;
const ARM_B = 0x14000000;
const ARM_B_MASK = 0xfc000000;
const ARM_RET = 0xd65f03c0;

const RETURNS_MAX = 64;

export const STACK_ABI = 'Go before 1.17 passes arguments on the stack';
const STRANGE = 'a function does not begin as those of Go do';

/** `code` is the whole function. Offsets of its places to probe, from its first byte. */
export function readGoCode(code: Uint8Array, machine: 'x86-64' | 'aarch64'): GoCode {
  return machine === 'x86-64' ? readX86(code) : readArm(code);
}

function readX86(code: Uint8Array): GoCode {
  if (startsWith(code, X86_STACK_ABI)) return { refused: STACK_ABI };
  const check = X86_CHECKS.find((pattern) => startsWith(code, pattern));
  const entry = check?.length ?? 0;
  const decides = check && decode(code, entry);
  const isJbe = decides?.opcode === (decides?.map === '0f' ? JBE_NEAR : JBE_SHORT);
  if (decides?.kind !== 'jcc' || !isJbe) return { refused: STRANGE };
  return follow(code, entry);
}

/** Every instruction of it, one after another: all branches must meet the beginning of one. */
function follow(code: Uint8Array, entry: number): GoCode {
  const starts = new Set<number>();
  const targets: number[] = [];
  const returns: number[] = [];
  let beginsAnew = false;
  for (let at = 0; at < code.length;) {
    const instruction = decode(code, at);
    if (instruction === null) return { refused: 'a function does not decode' };
    const { kind, target, length } = instruction;
    starts.add(at);
    if (kind === 'ret') returns.push(at);
    if (kind === 'jmp' && target === 0) beginsAnew = true;
    if ((kind === 'jmp' || kind === 'jcc') && target !== null) targets.push(target);
    at += length;
  }
  const isInside = (target: number): boolean => target >= 0 && target < code.length;
  const meets = targets.every((target) => !isInside(target) || starts.has(target));
  if (!meets) return { refused: 'a function does not decode' };
  return beginsAnew ? withReturns(entry, returns) : { refused: STRANGE };
}

function readArm(code: Uint8Array): GoCode {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const words = Array.from({ length: code.length >>> 2 }, (_, i) => view.getUint32(i * 4, true));
  const [limit, second = 0, third = 0, fourth = 0] = words;
  const isSmall = second === ARM_COMPARE_SP;
  const isLarge = (second & ARM_SUB_MASK) >>> 0 === ARM_SUB_X17 && third === ARM_COMPARE_X17;
  const entry = isSmall ? 2 : 3;
  const decides = ((isSmall ? third : fourth) & ARM_BLS_MASK) >>> 0 === ARM_BLS;
  if (limit !== ARM_LIMIT || !(isSmall || isLarge) || !decides) return { refused: STRANGE };
  const beginsAnew = words.some((word, index) => word === (ARM_B | (-index & ~ARM_B_MASK)) >>> 0);
  if (!beginsAnew) return { refused: STRANGE };
  const returns = words.flatMap((word, index) => (word === ARM_RET ? [index * 4] : []));
  return withReturns(entry * 4, returns);
}

function withReturns(entry: number, returns: readonly number[]): GoCode {
  if (returns.length === 0) return { refused: 'a function never returns' };
  if (returns.length > RETURNS_MAX) return { refused: 'a function returns at too many places' };
  return { entry, returns };
}

const startsWith = (code: Uint8Array, pattern: readonly (number | null)[]): boolean =>
  code.length > pattern.length &&
  pattern.every((byte, index) => byte === null || byte === code[index]);
