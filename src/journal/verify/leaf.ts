import { HASH_BYTES, leafHash } from '../../tlog/index.js';
import type { StoredRecord } from '../../record/index.js';

/** What a record is in the tree: its hash, or, of a stub, that of the record it stands for. */
export function leafOf(bytes: Uint8Array, record: StoredRecord | null): Buffer {
  const hash = record?.stub?.leafHash;
  return hash?.length === HASH_BYTES ? Buffer.from(hash) : leafHash(bytes);
}
