import type { TreeState } from '../tlog/index.js';
import type { CheckpointRequest } from './request.js';

/** The bytes between the daemon and the signer. native/signer/protocol.h is the other end, and says the format. */

const VERSION = 1;
const KIND = { state: 1, checkpoint: 2, heartbeat: 3 } as const;
const OUTCOMES = ['ok', 'inconsistent', 'invalid', 'failed'] as const;

const HASH_BYTES = 32;
const MAX_HASHES = 64;
const LENGTH_BYTES = 4;
const HEAD_BYTES = 2;
const MAX_FRAME_BYTES = 8192;
const U64_MAX = 2n ** 64n - 1n;

/** `failed`: the machine refused, such as a full disk; the body says why. */
export type Outcome = (typeof OUTCOMES)[number];

export interface Answer {
  readonly outcome: Outcome;
  readonly body: Buffer;
}

export interface SignerIdentity {
  readonly vkey: string;
  /** With `note` '' when nothing was signed yet. */
  readonly state: TreeState;
}

export function encodeStateRequest(): Buffer {
  return frame(KIND.state, []);
}

/** null: no frame can hold it. */
export function encodeCheckpoint(request: CheckpointRequest): Buffer | null {
  const { size, root, oldSize, proof, range } = request;
  if (!isU64(size) || !isU64(oldSize)) return null;
  if (proof.length > MAX_HASHES || range.length > MAX_HASHES) return null;
  if (![root, ...proof, ...range].every(isHash)) return null;
  const counts = Buffer.of(proof.length, range.length);
  return frame(KIND.checkpoint, [u64(size), root, u64(oldSize), counts, ...proof, ...range]);
}

/** null: no frame can hold it. */
export function encodeHeartbeat(number: bigint, digest: Buffer): Buffer | null {
  return isU64(number) && isHash(digest) ? frame(KIND.heartbeat, [u64(number), digest]) : null;
}

/** Cuts a stream of bytes into answers. It never holds more than one frame. */
export class AnswerReader {
  #held: Buffer = Buffer.alloc(0);

  /** null: these are no answers; there is no way to go on. */
  push(chunk: Buffer): Answer[] | null {
    this.#held = Buffer.concat([this.#held, chunk]);
    const answers: Answer[] = [];
    while (this.#held.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#held.readUInt32LE(0);
      if (end < LENGTH_BYTES + HEAD_BYTES || end > MAX_FRAME_BYTES) return null;
      if (this.#held.length < end) break;
      const answer = decodeAnswer(this.#held.subarray(LENGTH_BYTES, end));
      if (answer === null) return null;
      answers.push(answer);
      this.#held = this.#held.subarray(end);
    }
    return answers;
  }
}

/** The body of an answer to `state`; null: it is none. */
export function decodeIdentity(body: Buffer): SignerIdentity | null {
  const rangeAt = 8 + HASH_BYTES + 1;
  if (body.length < rangeAt) return null;
  const count = body.readUInt8(rangeAt - 1);
  const vkeyAt = rangeAt + count * HASH_BYTES + 2;
  if (body.length < vkeyAt) return null;
  const noteAt = vkeyAt + body.readUInt16LE(vkeyAt - 2);
  if (count > MAX_HASHES || body.length < noteAt) return null;
  const size = body.readBigUInt64LE(0);
  const range = Array.from({ length: count }, (_, i) => copy(body, rangeAt + i * HASH_BYTES));
  // The signer's first note is of the empty tree, and is its own matter.
  const note = size === 0n ? '' : body.toString('utf8', noteAt);
  return {
    vkey: body.toString('utf8', vkeyAt, noteAt),
    state: { size, root: copy(body, 8), range, note },
  };
}

function decodeAnswer(payload: Buffer): Answer | null {
  const outcome = OUTCOMES[payload.readUInt8(1)];
  if (payload.readUInt8(0) !== VERSION || outcome === undefined) return null;
  return { outcome, body: payload.subarray(HEAD_BYTES) };
}

function frame(kind: number, fields: readonly Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.of(VERSION, kind), ...fields]);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(payload.length);
  return Buffer.concat([length, payload]);
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function isU64(value: bigint): boolean {
  return value >= 0n && value <= U64_MAX;
}

function isHash(bytes: Buffer): boolean {
  return bytes.length === HASH_BYTES;
}

/** Its own bytes, not a view that keeps the whole frame. */
function copy(body: Buffer, at: number): Buffer {
  return Buffer.from(body.subarray(at, at + HASH_BYTES));
}
