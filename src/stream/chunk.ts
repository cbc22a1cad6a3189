import type { Origin, ProcessKey } from '../event/index.js';

interface ChunkBase {
  readonly key: ProcessKey;
  readonly root: ProcessKey | null;
  readonly ssl: bigint;
  /** The thread that made the call. */
  readonly tid: number;
  readonly direction: 'write' | 'read';
  /** Bytes of this direction before this chunk, missing ones counted. */
  readonly position: number;
  readonly call: bigint;
  /** As in TlsDataEvent. */
  readonly attachment: number | null;
  readonly origin: Origin;
}

/** Valid until the next call into Streams: a view of the input, never kept. */
export interface BytesChunk extends ChunkBase {
  readonly bytes: Uint8Array;
}

/** `limit`: cut by the configured limit of a call. `lost`: the record never came. */
export interface MissingChunk extends ChunkBase {
  readonly missing: number;
  readonly cause: 'limit' | 'lost';
}

export type StreamChunk = BytesChunk | MissingChunk;

/** The end of one direction of one TLS session. */
export interface StreamEnd {
  readonly key: ProcessKey;
  readonly root: ProcessKey | null;
  readonly ssl: bigint;
  readonly direction: 'write' | 'read';
  /** What a call that never became whole still held, in order. */
  readonly rest: readonly StreamChunk[];
  /** Bytes of the whole direction, missing ones counted. */
  readonly position: number;
}

export interface StreamStats {
  readonly streams: number;
  /** Moved by the calls = captured + limit + lost, once every call is whole or given up. */
  readonly movedBytes: number;
  readonly capturedBytes: number;
  readonly limitBytes: number;
  readonly lostBytes: number;
  readonly bufferedBytes: number;
  /** Chunks that came after their call was given up, twice, or outside their call. */
  readonly ignoredChunks: number;
  /** Calls given up because what waited for their missing chunk passed the memory limit. */
  readonly overflows: number;
  readonly evicted: number;
}
