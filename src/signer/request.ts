/** A checkpoint wanted: the tree, and the proof that it extends the one signed last. */
export interface CheckpointRequest {
  readonly size: bigint;
  readonly root: Buffer;
  /** The signer's `state.size`. */
  readonly oldSize: bigint;
  /** RFC 6962 consistency proof; empty from size 0 and for the same size again. */
  readonly proof: readonly Buffer[];
  readonly range: readonly Buffer[];
}

/**
 * inconsistent: it contradicts what was signed before. unavailable: there is no answer now, ask again later. invalid: it
 * could never be signed, such as size 0 or a range that does not fold to the root.
 */
export type CheckpointAnswer =
  | { readonly ok: true; readonly note: string }
  | { readonly ok: false; readonly reason: 'inconsistent' | 'unavailable' | 'invalid' };
