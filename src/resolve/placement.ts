import { decode, operationOf, RSP, type Operation } from '../elf/index.js';
import type { ProbeSite, TlsCall } from '../event/index.js';
import { bytesUpTo, type Code } from './code.js';

/** Instructions before the site: a mark for indirect branches, a comparison or two. */
const PROLOGUE_MAX = 8;
const INSTRUCTION_MAX = 15;

/** Larger ones are not looked through for branches back to their beginning. */
const FUNCTION_MAX = 64 * 1024;

/** rdi rsi rdx rcx r8 r9 (System V), and rax rbx rcx rdi rsi r8-r11 with the goroutine in r14 (Go's ABIInternal). */
const C_ARGUMENTS = [7, 6, 2, 1, 8, 9];
const GO_ARGUMENTS = [0, 3, 1, 7, 6, 8, 9, 10, 11, 14];

/** How many arguments are read at the probe, where it is not all of them. */
const ARGUMENTS_READ: Readonly<Partial<Record<TlsCall, number>>> = {
  free: 1,
  write: 3,
  read: 3,
  write_ex: 4,
  read_ex: 4,
  write_flags_ex: 5,
};

/**
 * The same site at the first instruction that Linux emulates, when what is between is proven to leave it the same: executed
 * in every call and once, with arguments, memory and stack pointer as the caller left them. Else the site as it was.
 * A probe elsewhere is right as well, but costs 10 us on a virtual machine instead of 0.7 (docs/decisions/0016).
 */
export function place(code: Code, site: ProbeSite): ProbeSite {
  const address = code.machine === 'x86-64' ? code.addressOf(site.entry) : null;
  const moved = address === null ? null : emulatedAfter(code, address, argumentsOf(site.call));
  if (moved === null || address === null || moved === address) return site;
  const entry = isEntered(code, address, moved) ? null : code.offsetOf(moved);
  return entry === null ? site : { ...site, entry };
}

/** Does a probe on this site cost a trap only, once it is placed? */
export function isCheap(code: Code, site: ProbeSite): boolean {
  const address = code.addressOf(place(code, site).entry);
  const bytes = address === null ? null : bytesUpTo(code, address);
  return bytes !== null && decode(bytes, 0)?.isEmulated === true;
}

function argumentsOf(call: TlsCall): readonly number[] {
  if (call.startsWith('go_')) return GO_ARGUMENTS;
  return C_ARGUMENTS.slice(0, ARGUMENTS_READ[call]);
}

/** null: there is none before something that would make a difference. */
function emulatedAfter(code: Code, start: number, keep: readonly number[]): number | null {
  const bytes = bytesUpTo(code, start, PROLOGUE_MAX * INSTRUCTION_MAX);
  if (bytes === null) return null;
  let at = 0;
  for (let count = 0; count < PROLOGUE_MAX; count += 1) {
    const one = decode(bytes, at, start + at);
    if (one === null) return null;
    if (one.isEmulated) return start + at;
    const operation = operationOf(one);
    if (operation === null || !keeps(operation, keep)) return null;
    at += one.length;
  }
  return null;
}

function keeps(operation: Operation, registers: readonly number[]): boolean {
  const isKept = (register: number) => register === RSP || registers.includes(register);
  switch (operation.does) {
    case 'nothing':
      return true;
    case 'copy':
    case 'constant':
    case 'address':
      return !isKept(operation.to);
    case 'write':
      return !operation.memory && !operation.registers.some(isKept);
    case 'push':
    case 'pop':
    case 'leave':
      return false;
  }
}

/** Does anything in the function branch behind its first instruction, up to `last`? Also when that cannot be told. */
function isEntered(code: Code, start: number, last: number): boolean {
  const range = code.functionAt(start);
  if (range?.start !== start || range.end <= last) return true;
  const length = range.end - start;
  const bytes = length > FUNCTION_MAX ? null : code.bytes(start, length);
  if (bytes === null) return true;
  for (let at = 0; at < length;) {
    const one = decode(bytes, at, start + at);
    if (one === null) return true;
    if (one.target !== null && one.target > start && one.target <= last) return true;
    at += one.length;
  }
  return false;
}
