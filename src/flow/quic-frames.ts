import { ByteCursor } from './byte-cursor.js';

export interface CryptoFrame {
  readonly offset: number;
  readonly data: Uint8Array;
}

/** RFC 9000 12.4: what an Initial may hold. */
const FRAME = { PADDING: 0, PING: 1, ACK: 2, ACK_ECN: 3, CRYPTO: 6 } as const;
const ACK_RANGES_MAX = 1024;

/** The CRYPTO frames of an Initial's payload, in its order, up to the first thing that may not be there. */
export function readCryptoFrames(payload: Uint8Array): readonly CryptoFrame[] {
  const cursor = new ByteCursor(payload);
  const frames: CryptoFrame[] = [];
  for (;;) {
    const type = cursor.varint();
    if (type === FRAME.PADDING || type === FRAME.PING) continue;
    if (type === FRAME.CRYPTO) {
      const offset = cursor.varint();
      const data = cursor.bytes(cursor.varint() ?? Infinity);
      if (offset === null || data === null) return frames;
      frames.push({ offset, data });
    } else if (type !== FRAME.ACK && type !== FRAME.ACK_ECN) {
      return frames;
    } else if (!skipAck(cursor, type === FRAME.ACK_ECN)) {
      return frames;
    }
  }
}

/** RFC 9000 19.3. */
function skipAck(cursor: ByteCursor, hasCounts: boolean): boolean {
  cursor.varint();
  cursor.varint();
  const ranges = cursor.varint();
  if (ranges === null || ranges > ACK_RANGES_MAX) return false;
  const numbers = 1 + 2 * ranges + (hasCounts ? 3 : 0);
  for (let i = 0; i < numbers; i += 1) if (cursor.varint() === null) return false;
  return true;
}
