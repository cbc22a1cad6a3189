import { readRange, u64, type FileReader } from './reader.js';

export const SYMBOL_SIZE = 24;
const STT_FUNC = 2;

/** A symbol that is a function of this very file. */
export interface FunctionSymbol {
  /** Offset of its name in the string table. */
  readonly name: number;
  readonly address: number;
}

/** null: no function, or imported from another file. */
export function readSymbol(view: DataView, at: number): FunctionSymbol | null {
  const isFunction = (view.getUint8(at + 4) & 0xf) === STT_FUNC;
  const isDefined = view.getUint16(at + 6, true) !== 0;
  const address = u64(view, at + 8);
  if (!isFunction || !isDefined || address === 0) return null;
  return { name: view.getUint32(at, true), address };
}

/** Does this text, and its NUL, stand at this offset? Compares instead of reading a name of unknown length. */
export function hasName(reader: FileReader, offset: number, name: string): boolean {
  const view = readRange(reader, offset, name.length + 1);
  if (view?.getUint8(name.length) !== 0) return false;
  for (let i = 0; i < name.length; i += 1) {
    if (view.getUint8(i) !== name.charCodeAt(i)) return false;
  }
  return true;
}
