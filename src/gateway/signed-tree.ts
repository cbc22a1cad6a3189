import { decodeRecord } from '../record/index.js';
import {
  foldRange,
  HASH_BYTES,
  parseCheckpoint,
  parseVkey,
  TYPE_ED25519,
  verifyNote,
} from '../tlog/index.js';
import type { TreeState } from '../tlog/index.js';

/** A checkpoint that its own key signed: what a node says of its tree. */
export interface SignedTree {
  /** The C2SP verifier key it is signed with. */
  readonly vkey: string;
  readonly state: TreeState;
  /** RFC 6962 consistency proof from this size. */
  readonly oldSize: bigint;
  readonly proof: readonly Buffer[];
}

export type SignedTreeRead =
  | { readonly ok: true; readonly tree: SignedTree }
  /** key: not the pinned one, or not the node's. Everything else: no checkpoint of anybody. */
  | { readonly ok: false; readonly reason: 'malformed' | 'key' | 'signature' };

const MAX_HASHES = 64;

/** Reads a record of kind `checkpoint`. `pinned`: the only key it may be signed with; null: none is known yet. */
export function readSignedTree(
  record: Uint8Array,
  origin: string,
  pinned: string | null,
): SignedTreeRead {
  const decoded = decodeRecord(record);
  const checkpoint = decoded.ok ? decoded.record.checkpoint : null;
  if (!decoded.ok || !checkpoint) return { ok: false, reason: 'malformed' };
  const { note, vkey, size, oldSize } = checkpoint;
  const said = parseCheckpoint(note);
  const range = hashes(checkpoint.range);
  const proof = hashes(checkpoint.proof);
  const root = Buffer.from(checkpoint.root);
  if (said === null || range === null || proof === null) return { ok: false, reason: 'malformed' };
  if (said.origin !== origin || said.size !== size || !said.root.equals(root)) {
    return { ok: false, reason: 'malformed' };
  }
  // What covers itself, or more than there is, was never a tree over records.
  if (size < 1n || size >= decoded.record.seq) return { ok: false, reason: 'malformed' };
  if (foldRange(size, range)?.equals(root) !== true) return { ok: false, reason: 'malformed' };
  const key = parseVkey(vkey);
  if (key?.name !== origin || key.type !== TYPE_ED25519) return { ok: false, reason: 'key' };
  if (pinned !== null && pinned !== vkey) return { ok: false, reason: 'key' };
  if (!verifyNote(note, key)) return { ok: false, reason: 'signature' };
  return { ok: true, tree: { vkey, state: { size, root, range, note }, oldSize, proof } };
}

function hashes(list: readonly Uint8Array[]): Buffer[] | null {
  const sound = list.length <= MAX_HASHES && list.every((hash) => hash.length === HASH_BYTES);
  return sound ? list.map((hash) => Buffer.from(hash)) : null;
}
