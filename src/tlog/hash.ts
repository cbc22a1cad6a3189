import { createHash, hash } from 'node:crypto';

/** Bytes of SHA-256. */
export const HASH_BYTES = 32;

const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;
/** Larger records are rare, and are hashed where they lie. */
const COPIED_BYTES = 64 << 10;

/** One block for all: a prefix and what is hashed must lie side by side, and a copy is cheaper than a hash object. */
const leafBlock = Buffer.allocUnsafeSlow(1 + COPIED_BYTES);
const nodeBlock = Buffer.allocUnsafeSlow(1 + 2 * HASH_BYTES);
leafBlock[0] = LEAF_PREFIX;
nodeBlock[0] = NODE_PREFIX;

/** The root of a tree without leaves (RFC 6962, 2.1). */
export const EMPTY_ROOT = sha256(Buffer.alloc(0));

/** SHA-256(0x00 || record). */
export function leafHash(record: Uint8Array): Buffer {
  if (record.length > COPIED_BYTES) {
    return createHash('sha256').update(Buffer.of(LEAF_PREFIX)).update(record).digest();
  }
  leafBlock.set(record, 1);
  return sha256(leafBlock.subarray(0, 1 + record.length));
}

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  nodeBlock.set(left, 1);
  nodeBlock.set(right, 1 + HASH_BYTES);
  return sha256(nodeBlock);
}

/** By hex: in Node 20 that takes two thirds of the time that an ArrayBuffer for each hash does. */
function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'hex'), 'hex');
}

export const isHash = (bytes: Uint8Array): boolean => bytes.length === HASH_BYTES;
