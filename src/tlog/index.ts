/**
 * In: records' bytes, hashes, nodes by level and index, texts and keys. Out: leaves, roots and ranges, proofs and whether
 * they hold, signed notes and whether they were signed. Words and formats are those of RFC 6962 and C2SP. It never reads
 * a file or a clock, never throws on what came from outside, and never keeps a key.
 */
export { decodeBase64, decodeDecimal } from './base64.js';
export { formatCheckpoint, parseCheckpoint } from './checkpoint.js';
export type { Checkpoint } from './checkpoint.js';
export { CompactRange, foldRange } from './compact-range.js';
export type { OnNode } from './compact-range.js';
export { cosign, verifyCosignature } from './cosignature.js';
export { EMPTY_ROOT, HASH_BYTES, leafHash, nodeHash } from './hash.js';
export { MAX_NOTE_BYTES, parseNote, signNote, verifyNote } from './note.js';
export type { Note, NoteSignature } from './note.js';
export { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from './proof.js';
export { TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, tileNodes, tilePath, tileRoot } from './tile.js';
export type { TileReader } from './tile.js';
export { formatTlogProof, parseTlogProof } from './tlog-proof.js';
export type { TlogProof } from './tlog-proof.js';
export type { NodeReader, TreeHead, TreeState } from './tree.js';
export {
  formatVkey,
  parseVkey,
  publicKeyOf,
  TYPE_COSIGNATURE,
  TYPE_ED25519,
} from './verifier-key.js';
export type { VerifierKey } from './verifier-key.js';
