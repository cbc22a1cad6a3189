import protobuf from 'protobufjs/minimal.js';
import { MAX_RECORD_BYTES } from './codec.js';

/** What a record is about, read without the rest of it. Fields left out have their default. */
export interface RecordHeader {
  readonly eventId: string;
  readonly node: string;
  readonly tenant: string;
  readonly epoch: number;
  readonly seq: bigint;
  /** A number of RecordClass. */
  readonly class: number;
  readonly kind: string;
  /** Unix nanoseconds. */
  readonly wallNs: bigint;
  /** Empty where the record has no agent. */
  readonly agentId: string;
}

type Fields = { -readonly [Name in keyof RecordHeader]: RecordHeader[Name] };

const VARINT = 0;
const DELIMITED = 2;

const READERS: Readonly<Record<number, (header: Fields, reader: protobuf.Reader) => void>> = {
  1: (header, reader) => (header.eventId = reader.string()),
  2: (header, reader) => (header.node = reader.string()),
  3: (header, reader) => (header.tenant = reader.string()),
  5: (header, reader) => (header.epoch = reader.uint32()),
  6: (header, reader) => (header.seq = readU64(reader)),
  7: (header, reader) => (header.class = reader.int32()),
  8: (header, reader) => (header.kind = reader.string()),
  11: (header, reader) => (header.wallNs = BigInt.asIntN(64, readU64(reader))),
  16: (header, reader) => (header.agentId = readAgentId(reader)),
};
const VARINTS = new Set([5, 6, 7, 11]);

/**
 * Walks the record's fields and steps over what it does not need. Never throws. null: no record of ours, all of which
 * have their fields in order, each once: so nobody reads another number or agent out of the same bytes.
 */
export function readHeader(bytes: Uint8Array): RecordHeader | null {
  if (bytes.byteLength > MAX_RECORD_BYTES) return null;
  const header: Fields = {
    ...{ eventId: '', node: '', tenant: '', epoch: 0, seq: 0n },
    ...{ class: 0, kind: '', wallNs: 0n, agentId: '' },
  };
  const reader = new protobuf.BufferReader(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  );
  let last = 0;
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const field = tag >>> 3;
      const read = READERS[field];
      if (read === undefined) reader.skipType(tag & 7);
      else if ((tag & 7) !== (VARINTS.has(field) ? VARINT : DELIMITED) || field <= last)
        return null;
      else read(header, reader);
      if (field < last) return null;
      last = field;
    }
  } catch {
    return null;
  }
  return header;
}

/** Field 1 of the agent. */
function readAgentId(reader: protobuf.Reader): string {
  const end = reader.uint32() + reader.pos;
  let id = '';
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ((1 << 3) | DELIMITED)) id = reader.string();
    else reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new RangeError('the agent ends elsewhere');
  return id;
}

function readU64(reader: protobuf.Reader): bigint {
  const bits = reader.uint64();
  return typeof bits === 'number'
    ? BigInt(bits)
    : (BigInt(bits.high >>> 0) << 32n) | BigInt(bits.low >>> 0);
}
