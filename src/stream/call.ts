/** One TLS call whose chunks are still coming. */
export interface Call {
  readonly id: bigint;
  /** Bytes the call moved, and how many of them its records carry. */
  readonly original: number;
  readonly kept: number;
  /** Position of its first byte in the stream. */
  readonly start: number;
  /** Captured bytes given out so far, holes counted. */
  next: number;
  /** Copies of chunks that came before their turn, by offset. */
  readonly waiting: Map<number, Uint8Array>;
  /** A drain of every ring ended while it was incomplete. */
  drained: boolean;
}

export const isWhole = (call: Call): boolean => call.next >= call.kept;

/** A piece of a call in order: bytes, or how many are missing. */
export type Piece =
  | { readonly at: number; readonly bytes: Uint8Array }
  | { readonly at: number; readonly missing: number; readonly cause: 'limit' | 'lost' };

/** Takes what now follows without a hole. */
export function takeReady(call: Call, pieces: Piece[]): void {
  for (;;) {
    const bytes = call.waiting.get(call.next);
    if (bytes === undefined) return;
    call.waiting.delete(call.next);
    pieces.push({ at: call.next, bytes });
    call.next += bytes.length;
  }
}

/** Takes everything: what waits, in order, with its holes, and what the limit cut. */
export function takeRest(call: Call): Piece[] {
  const pieces: Piece[] = [];
  const waiting = [...call.waiting].sort(([a], [b]) => a - b);
  call.waiting.clear();
  for (const [at, bytes] of waiting) {
    if (at > call.next) pieces.push({ at: call.next, missing: at - call.next, cause: 'lost' });
    pieces.push({ at, bytes });
    call.next = at + bytes.length;
  }
  if (call.next < call.kept) {
    pieces.push({ at: call.next, missing: call.kept - call.next, cause: 'lost' });
    call.next = call.kept;
  }
  return [...pieces, ...takeLimit(call)];
}

/** What the configured limit cut off the end of a call. */
export function takeLimit(call: Call): Piece[] {
  return call.original > call.kept
    ? [{ at: call.kept, missing: call.original - call.kept, cause: 'limit' }]
    : [];
}

/**
 * Is this chunk one this call can have? Records of one call never overlap (wire.h), so a chunk that starts before the
 * next byte, runs past the end or into one that waits has no place.
 */
export function hasPlace(call: Call, offset: number, length: number): boolean {
  if (length === 0 || offset < call.next || offset + length > call.kept) return false;
  for (const [at, bytes] of call.waiting) {
    if (offset < at + bytes.length && at < offset + length) return false;
  }
  return true;
}
