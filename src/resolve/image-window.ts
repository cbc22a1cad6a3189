import type { Image } from '../elf/index.js';

const WINDOW = 64 * 1024;
/** All that is read of one file: a table whose numbers lead to and fro ends here. */
const READ_MAX = 512 * 1024 * 1024;

interface Piece {
  readonly address: number;
  readonly view: DataView;
}

/** Small numbers of an image, read a window at a time; two windows, for two tables that are read side by side. */
export class ImageWindow {
  readonly #image: Image;
  #one: Piece | null = null;
  #other: Piece | null = null;
  #read = 0;

  constructor(image: Image) {
    this.#image = image;
  }

  /** null: not in the file, not a safe integer, or too much has been read. */
  number(address: number, width: 4 | 8): number | null {
    if (!holds(this.#one, address, width)) this.#one = this.#piece(address);
    return numberAt(this.#one, address, width);
  }

  /** The same through the second window. */
  other(address: number, width: 4 | 8): number | null {
    if (!holds(this.#other, address, width)) this.#other = this.#piece(address);
    return numberAt(this.#other, address, width);
  }

  bytes(address: number, length: number): Uint8Array | null {
    this.#read += length;
    return this.#read > READ_MAX ? null : this.#image.bytes(address, length);
  }

  /** What begins at an address: as much as there is of a window, by halves. */
  #piece(address: number): Piece | null {
    for (let length = WINDOW; length >= 4; length /= 2) {
      const bytes = this.bytes(address, length);
      if (bytes === null) continue;
      return { address, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
    }
    return null;
  }
}

const holds = (piece: Piece | null, address: number, width: number): boolean =>
  piece !== null &&
  address >= piece.address &&
  address + width <= piece.address + piece.view.byteLength;

function numberAt(piece: Piece | null, address: number, width: 4 | 8): number | null {
  if (piece === null || !holds(piece, address, width)) return null;
  const at = address - piece.address;
  if (width === 4) return piece.view.getUint32(at, true);
  const value = Number(piece.view.getBigUint64(at, true));
  return Number.isSafeInteger(value) ? value : null;
}
