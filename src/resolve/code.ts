import type { Image } from '../elf/index.js';

/** What is asked of an image where code is read one instruction at a time. */
export type Code = Pick<
  Image,
  'machine' | 'bytes' | 'functionAt' | 'isCode' | 'addressOf' | 'offsetOf'
>;

const INSTRUCTION_MAX = 15;

/** At most `length` bytes from an address: fewer where the code ends. null: there is none. */
export function bytesUpTo(
  code: Code,
  address: number,
  length = INSTRUCTION_MAX,
): Uint8Array | null {
  for (let size = length; size > 0; size = Math.min(size - 1, INSTRUCTION_MAX)) {
    const bytes = code.bytes(address, size);
    if (bytes !== null) return bytes;
  }
  return null;
}
