import type { Image } from '../elf/index.js';

/** How far before and behind the instruction that loads the source path an error's reason is: the call has five arguments. */
const NEAR = 40;

/**
 * Small constants that code near this address puts into registers or on the stack, within the function it is in. Where
 * instructions begin is not asked: a few numbers that nobody loads do no harm to whoever looks for a whole set.
 */
export function constantsNear(
  image: Image,
  address: number,
  { start, end }: { readonly start: number; readonly end: number },
): Set<number> {
  const from = Math.max(start, address - NEAR);
  const bytes = image.bytes(from, Math.min(end, address + NEAR) - from);
  if (bytes === null) return new Set();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return image.machine === 'aarch64' ? constantsOfAarch64(view) : constantsOfX86(view);
}

/** mov r32, imm32 (0xb8 to 0xbf) and push imm8, which compilers take when they save bytes. */
function constantsOfX86(view: DataView): Set<number> {
  const found = new Set<number>();
  for (let at = 0; at + 2 <= view.byteLength; at += 1) {
    const opcode = view.getUint8(at);
    if (opcode === 0x6a) found.add(view.getInt8(at + 1));
    if ((opcode & 0xf8) === 0xb8 && at + 5 <= view.byteLength)
      found.add(view.getInt32(at + 1, true));
  }
  return found;
}

/** movz w, #imm16. */
function constantsOfAarch64(view: DataView): Set<number> {
  const found = new Set<number>();
  for (let at = 0; at + 4 <= view.byteLength; at += 4) {
    const word = view.getUint32(at, true);
    if ((word & 0xffe00000) >>> 0 === 0x52800000) found.add((word >>> 5) & 0xffff);
  }
  return found;
}
