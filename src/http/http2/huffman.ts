/**
 * Bits of the code of each byte, RFC 7541, appendix B; the last is the end of a string. The codes themselves follow: they
 * count up, shorter before longer and by the byte.
 */
const BITS =
  '13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28 6 10 10 12 13 6 8 11 ' +
  '10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10 13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6 ' +
  '15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28 20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 ' +
  '22 23 24 23 23 23 23 21 22 23 22 23 23 24 22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 ' +
  '22 23 22 22 23 26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27 20 24 20 21 ' +
  '22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26 30';
const LONGEST = 30;
const END = 256;
const PADDING_MAX = 7;

interface Length {
  /** Of the codes of this length the first, and the byte it stands for. */
  readonly first: number;
  readonly symbols: readonly number[];
}

const LENGTHS = makeLengths(BITS.split(' ').map(Number));

function makeLengths(bits: readonly number[]): readonly Length[] {
  const lengths: Length[] = [];
  let first = 0;
  for (let length = 0; length <= LONGEST; length += 1) {
    const symbols = [...bits.keys()].filter((symbol) => bits[symbol] === length);
    lengths.push({ first, symbols });
    first = (first + symbols.length) * 2;
  }
  return lengths;
}

/** As text of one character a byte. null: not a string that RFC 7541, section 5.2, allows. */
export function decodeHuffman(bytes: Uint8Array): string | null {
  const decoded: number[] = [];
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const { first, symbols } = LENGTHS[length] ?? { first: 0, symbols: [] };
      const symbol = symbols[code - first];
      if (symbol === END || (symbol === undefined && length >= LONGEST)) return null;
      if (symbol === undefined) continue;
      decoded.push(symbol);
      code = 0;
      length = 0;
    }
  }
  // What is left are the first bits of the end.
  if (length > PADDING_MAX || code !== 2 ** length - 1) return null;
  return Buffer.from(decoded).toString('latin1');
}
