import type { Code } from '../../../src/resolve/code.js';

/** Where the first function begins, and what is between an address and its offset in the file. */
export const BASE = 0x1000;
export const TO_OFFSET = 0x400;

const ALIGNMENT = 16;
const BRANCH_BYTES = 5;

export interface Assembled extends Code {
  at(name: string): number;
}

/**
 * Functions, each at a multiple of 16 from BASE, padded with int3. A text is hexadecimal bytes, and `call:name`, `jmp:name`
 * and `js:name` for direct branches to another one; spaces do not count.
 */
export function assembled(functions: Readonly<Record<string, string>>): Assembled {
  const ranges = new Map<string, { start: number; end: number }>();
  let next = BASE;
  for (const [name, text] of Object.entries(functions)) {
    const length = words(text).reduce((sum, word) => sum + sizeOf(word), 0);
    ranges.set(name, { start: next, end: next + length });
    next += Math.ceil((length + 1) / ALIGNMENT) * ALIGNMENT;
  }
  const at = (name: string) => ranges.get(name)?.start ?? 0;
  const all = Buffer.alloc(next - BASE, 0xcc);
  for (const [name, text] of Object.entries(functions)) write(all, at(name), text, at);
  return {
    machine: 'x86-64',
    at,
    bytes: (address, length) =>
      address < BASE || address + length > next
        ? null
        : all.subarray(address - BASE, address - BASE + length),
    functionAt: (address) =>
      [...ranges.values()].find(({ start, end }) => address >= start && address < end) ?? null,
    isCode: (address) => address >= BASE && address < next,
    addressOf: (offset) => offset + TO_OFFSET,
    offsetOf: (address) => address - TO_OFFSET,
  };
}

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);

const OPCODES: Readonly<Record<string, string>> = { call: 'e8', jmp: 'e9', js: '0f88' };

function sizeOf(word: string): number {
  const [name = '', target] = word.split(':');
  if (target === undefined) return word.length / 2;
  return BRANCH_BYTES - 1 + (OPCODES[name] ?? '').length / 2;
}

function write(all: Buffer, start: number, text: string, at: (name: string) => number): void {
  let address = start;
  for (const word of words(text)) {
    const [name = '', target] = word.split(':');
    const end = address + sizeOf(word);
    all.write(target === undefined ? word : (OPCODES[name] ?? ''), address - BASE, 'hex');
    if (target !== undefined) all.writeInt32LE(at(target) - end, end - BASE - 4);
    address = end;
  }
}
