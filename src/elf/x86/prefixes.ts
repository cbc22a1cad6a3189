import type { Cursor } from './cursor.js';

export interface Prefixes {
  /** Any but REX. */
  readonly has: boolean;
  /** Any but REX and segments. */
  readonly isModified: boolean;
  /** 66. */
  readonly isNarrow: boolean;
  /** f2, f3. The last of them counts. */
  readonly isRepne: boolean;
  readonly isRep: boolean;
  /** 67: addresses of 32 bits. */
  readonly isShortAddress: boolean;
  readonly isForeignToVector: boolean;
  /** 0 when there is none, or when another prefix follows it: then the processor ignores it. */
  readonly rex: number;
}

const LOCK = 0xf0;
const SEGMENTS = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const LEGACY = new Set([...SEGMENTS, 0x66, 0x67, LOCK, 0xf2, 0xf3]);

export function readPrefixes(cursor: Cursor): Prefixes {
  const seen = new Set<number>();
  let repeat = 0;
  let rex = 0;
  for (;;) {
    const next = cursor.peek();
    const isRex = (next & 0xf0) === 0x40;
    if (!isRex && !LEGACY.has(next)) break;
    cursor.skip(1);
    if (cursor.isShort) break;
    rex = isRex ? next : 0;
    if (isRex) continue;
    seen.add(next);
    if (next === 0xf2 || next === 0xf3) repeat = next;
  }
  return {
    has: seen.size > 0,
    isModified: [...seen].some((prefix) => !SEGMENTS.includes(prefix)),
    isNarrow: seen.has(0x66),
    isRepne: repeat === 0xf2,
    isRep: repeat === 0xf3,
    isShortAddress: seen.has(0x67),
    isForeignToVector: rex !== 0 || repeat !== 0 || seen.has(0x66) || seen.has(LOCK),
    rex,
  };
}
