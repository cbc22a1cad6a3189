import { crc32 } from 'node:zlib';
import type {
  Adopted,
  HostFact,
  GovernanceRecord,
  Input,
  PipelineSettings,
  Registration,
  Value,
} from '../event/index.js';

/**
 * The file: an eight-byte magic, then frames. A frame is the length and the CRC-32 of its payload (two little-endian
 * 32-bit numbers) and the payload: one byte of type and a body. The first frame is the header.
 */
export const MAGIC = Buffer.from('WFREC\r\n\x1a', 'latin1');
/** Facts and values are in it as they are here: 2 since a program may have several TLS stacks, each with its own probes. */
export const RECORDING_VERSION = 2;
export const FRAME_HEAD_BYTES = 8;

/** Far above any batch; a longer length means the file is damaged here. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** What replay needs to come to the same records. */
export interface RecordingHeader {
  readonly version: number;
  /** WF_WIRE_VERSION of the batches. */
  readonly wireVersion: number;
  readonly settings: PipelineSettings;
  readonly epoch: number;
  /** The number the first record of this recording has in the journal. */
  readonly firstSeq: string;
}

export type Entry =
  | { readonly entry: 'input'; readonly input: Input }
  /** What the daemon journaled about itself at this point. */
  | { readonly entry: 'value'; readonly value: Value }
  /** Of the values the entry before gave, those at these places never got a number. */
  | { readonly entry: 'lost'; readonly indexes: readonly number[] }
  /** The configuration was read again: from here on the stages start anew with these. */
  | { readonly entry: 'settings'; readonly settings: PipelineSettings }
  /** The recording was ended on purpose: by the end of the daemon, or because the file was full. */
  | { readonly entry: 'end'; readonly reason: 'stopped' | 'limit' };

const TYPE = {
  header: 0,
  batch: 1,
  seeds: 2,
  fact: 3,
  governance: 4,
  tick: 5,
  value: 6,
  end: 7,
  lost: 8,
  settings: 9,
  adopted: 10,
  told: 11,
  registration: 12,
} as const;
type FrameType = (typeof TYPE)[keyof typeof TYPE];

const BATCH_HEAD_BYTES = 8;
const DRAINED = 1;
const COUNTERS = 2;

export const encodeHeader = (header: RecordingHeader): Buffer => frame(TYPE.header, [json(header)]);

export const encodeEntry = (entry: Entry): Buffer => {
  switch (entry.entry) {
    case 'input':
      return encodeInput(entry.input);
    case 'value':
      return frame(TYPE.value, [json(entry.value)]);
    case 'lost':
      return frame(TYPE.lost, [json(entry.indexes)]);
    case 'settings':
      return frame(TYPE.settings, [json(entry.settings)]);
    case 'end':
      return frame(TYPE.end, [json(entry.reason)]);
  }
};

const encodeInput = (input: Input): Buffer => {
  switch (input.input) {
    case 'batch': {
      const head = Buffer.alloc(BATCH_HEAD_BYTES);
      head[0] = (input.drained ? DRAINED : 0) | (input.counters === null ? 0 : COUNTERS);
      head.writeUInt32LE(input.counters?.length ?? 0, 4);
      return frame(TYPE.batch, [head, input.counters ?? new Uint8Array(), input.bytes]);
    }
    case 'adopted':
      return frame(TYPE.adopted, [json({ lanes: input.lanes, notes: input.notes })]);
    case 'seeds':
      return frame(TYPE.seeds, [input.bytes]);
    case 'fact':
      return frame(TYPE.fact, [json(input.fact)]);
    case 'told':
      return frame(TYPE.told, [json(input.sessions)]);
    case 'registration':
      return frame(TYPE.registration, [json(input.registration)]);
    case 'governance':
      return frame(TYPE.governance, [json(input.record)]);
    case 'tick': {
      const body = Buffer.alloc(16);
      body.writeBigInt64LE(input.bootNs, 0);
      body.writeBigInt64LE(input.wallNs, 8);
      return frame(TYPE.tick, [body]);
    }
  }
};

const frame = (type: FrameType, parts: readonly Uint8Array[]): Buffer => {
  const length = parts.reduce((sum, part) => sum + part.length, 1);
  const whole = Buffer.alloc(FRAME_HEAD_BYTES + length);
  whole[FRAME_HEAD_BYTES] = type;
  let at = FRAME_HEAD_BYTES + 1;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  whole.writeUInt32LE(length, 0);
  whole.writeUInt32LE(crc32(whole.subarray(FRAME_HEAD_BYTES)), 4);
  return whole;
};

export type Decoded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

const ENTRY_READERS: Readonly<Record<number, (body: Buffer) => Entry | null>> = {
  [TYPE.batch]: readBatch,
  [TYPE.adopted]: (body) => ({
    entry: 'input',
    input: { input: 'adopted', ...(parse(body) as Adopted) },
  }),
  [TYPE.seeds]: (body) => ({ entry: 'input', input: { input: 'seeds', bytes: body } }),
  [TYPE.fact]: (body) => ({
    entry: 'input',
    input: { input: 'fact', fact: parse(body) as HostFact },
  }),
  [TYPE.governance]: (body) => ({
    entry: 'input',
    input: { input: 'governance', record: parse(body) as GovernanceRecord },
  }),
  [TYPE.told]: (body) => ({
    entry: 'input',
    input: { input: 'told', sessions: parse(body) as string[] },
  }),
  [TYPE.registration]: (body) => ({
    entry: 'input',
    input: { input: 'registration', registration: parse(body) as Registration },
  }),
  [TYPE.tick]: (body) =>
    body.length === 16
      ? {
          entry: 'input',
          input: { input: 'tick', bootNs: body.readBigInt64LE(0), wallNs: body.readBigInt64LE(8) },
        }
      : null,
  [TYPE.value]: (body) => ({ entry: 'value', value: parse(body) as Value }),
  [TYPE.lost]: (body) => ({ entry: 'lost', indexes: parse(body) as number[] }),
  [TYPE.settings]: (body) => ({ entry: 'settings', settings: parse(body) as PipelineSettings }),
  [TYPE.end]: (body) => ({ entry: 'end', reason: parse(body) === 'limit' ? 'limit' : 'stopped' }),
};

/** The payload of a frame whose checksum was right. Never throws: what is not understood has a reason. */
export const decodeEntry = (payload: Buffer): Decoded<Entry> => {
  const read = ENTRY_READERS[payload[0] ?? -1];
  if (read === undefined) return { ok: false, reason: 'an entry of unknown type' };
  try {
    const entry = read(payload.subarray(1));
    return entry === null
      ? { ok: false, reason: 'an entry of wrong length' }
      : { ok: true, value: entry };
  } catch {
    return { ok: false, reason: 'an entry that is not JSON' };
  }
};

export const decodeHeader = (payload: Buffer): Decoded<RecordingHeader> => {
  if (payload[0] !== TYPE.header) return { ok: false, reason: 'it has no header' };
  try {
    const header = parse(payload.subarray(1)) as RecordingHeader;
    if (header.version === RECORDING_VERSION) return { ok: true, value: header };
    return {
      ok: false,
      reason: `its format is ${String(header.version)}, this program reads ${RECORDING_VERSION}`,
    };
  } catch {
    return { ok: false, reason: 'its header is not JSON' };
  }
};

function readBatch(body: Buffer): Entry | null {
  if (body.length < BATCH_HEAD_BYTES) return null;
  const flags = body[0] ?? 0;
  const end = BATCH_HEAD_BYTES + body.readUInt32LE(4);
  if (end > body.length) return null;
  const counters = (flags & COUNTERS) === 0 ? null : body.subarray(BATCH_HEAD_BYTES, end);
  const drained = (flags & DRAINED) !== 0;
  return {
    entry: 'input',
    input: { input: 'batch', bytes: body.subarray(end), drained, counters },
  };
}

const BIGINT_KEY = '$bigint';
const BYTES_KEY = '$bytes';

/** JSON has neither 64-bit numbers nor bytes: each stands as an object with one key no record has. */
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(plain(value)));

const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return { [BIGINT_KEY]: String(value) };
  if (value instanceof Uint8Array) return { [BYTES_KEY]: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
};

const parse = (body: Buffer): unknown =>
  JSON.parse(body.toString('utf8'), (_key, v: unknown) => {
    if (typeof v !== 'object' || v === null) return v;
    if (BIGINT_KEY in v) return BigInt(String(v[BIGINT_KEY]));
    return BYTES_KEY in v ? Buffer.from(String(v[BYTES_KEY]), 'base64') : v;
  });
