import type { StoredRecord } from '../../record/index.js';
import {
  foldRange,
  formatVkey,
  parseCheckpoint,
  verifyConsistency,
  verifyNote,
} from '../../tlog/index.js';
import type { TreeHead, VerifierKey } from '../../tlog/index.js';
import type { Trusted } from './settle.js';

type Checkpoint = NonNullable<StoredRecord['checkpoint']>;

export type CheckedCheckpoint =
  | { readonly ok: true; readonly head: Trusted }
  | { readonly ok: false; readonly reason: 'signature' | 'checkpoint'; readonly text: string };

const no = (reason: 'signature' | 'checkpoint', text: string): CheckedCheckpoint => ({
  ok: false,
  reason,
  text,
});

/** A record of kind checkpoint by itself, and against the one before it. Its root is for settle(). */
export function checkCheckpoint(
  checkpoint: Checkpoint | null | undefined,
  seq: bigint,
  vkey: VerifierKey,
  before: TreeHead | null,
): CheckedCheckpoint {
  const head = !checkpoint ? null : parseCheckpoint(checkpoint.note);
  if (!checkpoint || head === null) return no('checkpoint', 'holds no checkpoint');
  if (head.origin !== vkey.name || !verifyNote(checkpoint.note, vkey)) {
    return no('signature', 'is not signed by the key of this node');
  }
  if (checkpoint.vkey !== formatVkey(vkey.name, vkey.publicKey, vkey.type)) {
    return no('signature', 'names another key');
  }
  const root = Buffer.from(checkpoint.root);
  const range = checkpoint.range.map((hash) => Buffer.from(hash));
  if (checkpoint.size !== head.size || !head.root.equals(root) || head.size >= seq) {
    return no('checkpoint', 'says another tree than its signed note');
  }
  if (foldRange(head.size, range)?.equals(root) !== true) {
    return no('checkpoint', 'has a range that does not lead to its root');
  }
  if (before !== null && head.size < before.size) {
    return no('checkpoint', 'is smaller than the one before it');
  }
  if (before !== null && !isConsistent(checkpoint, head, before)) {
    return no('checkpoint', 'does not go on from the one before it');
  }
  return { ok: true, head: { ...head, range } };
}

function isConsistent({ oldSize, proof }: Checkpoint, head: TreeHead, before: TreeHead): boolean {
  if (head.size === before.size) return head.root.equals(before.root);
  // What was signed in between may be in records that are gone.
  if (oldSize !== before.size) return true;
  return verifyConsistency(oldSize, before.root, head.size, head.root, proof);
}
