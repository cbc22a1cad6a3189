import protobuf from 'protobufjs/minimal.js';
import { codec } from './proto.gen.js';
import type { Heartbeat, Record as StoredRecord } from './proto.gen.js';

/** No record is larger; what a record holds is cut long before. */
export const MAX_RECORD_BYTES = 4 * 1024 * 1024;
/** A self-nested call stack is the only thing that could go deeper. */
const MAX_DEPTH = 64;
/** Empty messages cost two bytes on the wire and a hundred in memory. */
const MAX_FIELDS = 65_536;
const EPOCH_FIELD = 5;
const SEQ_FIELD = 6;

protobuf.Reader.recursionLimit = MAX_DEPTH;

export type { StoredRecord };

/** A message as a writer gives it: fields left out have their default. */
export type Given<T> = T extends readonly (infer Item)[]
  ? readonly Given<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]?: Given<T[Key]> }
    : T;

/** A record before the journal gave it its place. */
export type RecordBody = Given<Omit<StoredRecord, 'epoch' | 'seq'>>;
export type Decoded =
  | { readonly ok: true; readonly record: StoredRecord }
  | { readonly ok: false; readonly reason: string };

class WireWriter extends protobuf.BufferWriter {
  u64(value: bigint): this {
    const low = Number(value & 0xffff_ffffn);
    const high = Number((value >> 32n) & 0xffff_ffffn);
    this.uint64({ low, high } as Parameters<protobuf.Writer['uint64']>[0]);
    return this;
  }

  i64(value: bigint): this {
    return this.u64(BigInt.asUintN(64, value));
  }

  override string(value: string): protobuf.Writer {
    // A lone surrogate has no UTF-8.
    return super.string(value.toWellFormed());
  }
}

class WireReader extends protobuf.BufferReader {
  private fields = 0;

  constructor(bytes: Uint8Array) {
    super(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  override tag(): number {
    this.fields += 1;
    if (this.fields > MAX_FIELDS) throw new Error('too many fields');
    return super.tag();
  }

  u64(): bigint {
    const bits = this.uint64();
    return typeof bits === 'number'
      ? BigInt(bits)
      : (BigInt(bits.high >>> 0) << 32n) | BigInt(bits.low >>> 0);
  }

  i64(): bigint {
    return BigInt.asIntN(64, this.u64());
  }
}

/** Bytes of watchfloor.v1.Record: what is journaled, published and hashed. The same record gives the same bytes. */
export function encodeRecord(record: Given<StoredRecord>): Uint8Array {
  return codec.encode(record, new WireWriter()).finish();
}

/**
 * The Heartbeat message of a record as encodeRecord() writes it. Without its note, which is the last field, these are the
 * bytes that the note signs.
 */
export function encodeHeartbeat(heartbeat: Given<Heartbeat>): Uint8Array {
  const reader = new WireReader(encodeRecord({ heartbeat }));
  reader.tag();
  return reader.bytes();
}

/** Never throws. Fields and values of a later version are passed over; an unknown kind stays what it is. */
export function decodeRecord(bytes: Uint8Array): Decoded {
  if (bytes.byteLength > MAX_RECORD_BYTES) return { ok: false, reason: 'too large' };
  try {
    return { ok: true, record: codec.decode(new WireReader(bytes)) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : 'unreadable' };
  }
}

/** The sequence number of an encoded record without decoding the rest; null when there is none. */
export const readSeq = (bytes: Uint8Array): bigint | null => readNumber(bytes, SEQ_FIELD);

/** Its epoch, in the same way; 0 when there is none. */
export const readEpoch = (bytes: Uint8Array): number =>
  Number(BigInt.asUintN(32, readNumber(bytes, EPOCH_FIELD) ?? 0n));

function readNumber(bytes: Uint8Array, wanted: number): bigint | null {
  const reader = new WireReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.tag();
      const field = tag >>> 3;
      if (field === wanted) return (tag & 7) === 0 ? reader.u64() : null;
      // Fields are written in order.
      if (field > wanted) return null;
      reader.skipType(tag & 7);
    }
  } catch {
    return null;
  }
  return null;
}
