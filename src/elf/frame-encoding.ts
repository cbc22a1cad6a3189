import { readRange, type FileReader } from './reader.js';

const CIE_MAX = 64;
/** Bytes; interpreters of one function have some hundred thousand. */
export const FUNCTION_MAX = 1024 * 1024;

/** DW_EH_PE_omit. */
export const OMITTED = 0xff;

/** Eight bytes: DW_EH_PE_absptr, udata8 and sdata8. */
export const isWide = (encoding: number): boolean =>
  encoding === 0x00 || (encoding & 0x07) === 0x04;

/** The 'R' of the augmentation of the common information entry at an offset: how its descriptions write addresses. */
export function pointerEncoding(reader: FileReader, at: number): number {
  const view = readRange(reader, at, Math.min(CIE_MAX, reader.size - at));
  if (view === null || view.byteLength < 20 || view.getUint32(4, true) !== 0) return OMITTED;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const end = bytes.indexOf(0, 9);
  if (end < 0) return OMITTED;
  const augmentation = String.fromCharCode(...bytes.subarray(9, end));
  if (!augmentation.startsWith('z')) return 0;
  // Code and data alignment, return register and the length of what follows: four LEB128 numbers.
  let cursor = end + 1;
  for (let number = 0; number < 4; number += 1) cursor = afterLeb(bytes, cursor);
  for (const letter of augmentation.slice(1)) {
    const encoding = bytes[cursor] ?? OMITTED;
    if (letter === 'R') return encoding;
    if (letter === 'L') cursor += 1;
    else if (letter === 'P') cursor += 1 + ((encoding & 0x07) === 3 ? 4 : 8);
    else if (letter !== 'S' && letter !== 'B') return OMITTED;
  }
  return 0;
}

function afterLeb(bytes: Uint8Array, at: number): number {
  let next = at;
  while (((bytes[next] ?? 0) & 0x80) !== 0) next += 1;
  return next + 1;
}
