import { processId, type ProcessId, type ProcessKey, type TlsDataEvent } from '../event/index.js';
import {
  hasPlace,
  isWhole,
  takeLimit,
  takeReady,
  takeRest,
  type Call,
  type Piece,
} from './call.js';
import type { StreamChunk, StreamEnd, StreamStats } from './chunk.js';

const STREAMS_MAX = 65_536;
const BUFFER_MAX_BYTES = 4 * 1024 * 1024;

/** What a chunk is told by; without the event's bytes, which would keep the whole batch they are a view of. */
type Place = Pick<
  TlsDataEvent,
  'key' | 'root' | 'ssl' | 'tid' | 'direction' | 'origin' | 'attachment'
>;

interface Stream {
  readonly id: string;
  readonly process: ProcessId;
  readonly first: Place;
  /** Of the last event: for a chunk made without one of its own. */
  last: Place;
  call: Call | null;
  /** The call before: whole or given up. */
  doneCall: bigint | null;
  /** Position behind everything given out. */
  position: number;
}

const streamId = (process: ProcessId, ssl: bigint, direction: 'write' | 'read'): string =>
  `${process}/${ssl}/${direction}`;

const placeOf = (event: TlsDataEvent): Place => {
  const { key, root, ssl, tid, direction, origin, attachment } = event;
  return { key, root, ssl, tid, direction, origin, attachment };
};

/** Puts the records of TLS calls in order: one stream for each process, session and direction. */
export class Streams {
  readonly #streams = new Map<string, Stream>();
  readonly #ofProcess = new Map<ProcessId, Set<string>>();
  readonly #incomplete = new Set<Stream>();
  readonly #stats = {
    movedBytes: 0,
    capturedBytes: 0,
    limitBytes: 0,
    lostBytes: 0,
    bufferedBytes: 0,
    ignoredChunks: 0,
    overflows: 0,
    evicted: 0,
  };

  on(event: TlsDataEvent): StreamChunk[] {
    const stream = this.#stream(event);
    const chunks: StreamChunk[] = [];
    if (stream.call?.id !== event.call) {
      // One ring keeps the order of calls that follow one another, so what is older came twice or was given up.
      const isOld = event.origin.bootNs < stream.last.origin.bootNs;
      if (isOld || event.call === stream.doneCall) {
        this.#stats.ignoredChunks += 1;
        return chunks;
      }
      chunks.push(...this.#giveUp(stream));
    }
    stream.last = placeOf(event);
    stream.call ??= this.#begin(stream, event);
    chunks.push(...this.#add(stream, stream.call, event));
    return chunks;
  }

  /**
   * Every ring was empty: what a call still misses after a second such moment will not come. Keeps a lost record from
   * holding back the bytes behind it.
   */
  drained(): StreamChunk[] {
    const chunks: StreamChunk[] = [];
    for (const stream of this.#incomplete) {
      if (stream.call === null) continue;
      if (stream.call.drained) chunks.push(...this.#giveUp(stream));
      else stream.call.drained = true;
    }
    return chunks;
  }

  free(key: ProcessKey, ssl: bigint): StreamEnd[] {
    const process = processId(key);
    return (['write', 'read'] as const).flatMap((direction) => {
      const stream = this.#streams.get(streamId(process, ssl, direction));
      return stream === undefined ? [] : [this.#end(stream)];
    });
  }

  exit(key: ProcessKey): StreamEnd[] {
    const ids = this.#ofProcess.get(processId(key)) ?? [];
    return [...ids].flatMap((id) => {
      const stream = this.#streams.get(id);
      return stream === undefined ? [] : [this.#end(stream)];
    });
  }

  stats(): StreamStats {
    return { streams: this.#streams.size, ...this.#stats };
  }

  #stream(event: TlsDataEvent): Stream {
    const process = processId(event.key);
    const id = streamId(process, event.ssl, event.direction);
    const known = this.#streams.get(id);
    if (known !== undefined) {
      // Insertion order is order of use: the first of the map is the one to evict.
      this.#streams.delete(id);
      this.#streams.set(id, known);
      return known;
    }
    this.#makeRoom();
    const fresh = {
      id,
      process,
      first: placeOf(event),
      last: placeOf(event),
      call: null,
      doneCall: null,
      position: 0,
    };
    this.#streams.set(id, fresh);
    const ids = this.#ofProcess.get(process) ?? new Set();
    this.#ofProcess.set(process, ids.add(id));
    return fresh;
  }

  #makeRoom(): void {
    if (this.#streams.size < STREAMS_MAX) return;
    const [oldest] = this.#streams.values();
    if (oldest === undefined) return;
    this.#end(oldest);
    this.#stats.evicted += 1;
  }

  #begin(stream: Stream, event: TlsDataEvent): Call {
    this.#stats.movedBytes += event.original;
    this.#incomplete.add(stream);
    return {
      id: event.call,
      original: event.original,
      kept: Math.min(event.kept, event.original),
      start: stream.position,
      next: 0,
      waiting: new Map(),
      drained: false,
    };
  }

  #add(stream: Stream, call: Call, event: TlsDataEvent): StreamChunk[] {
    const { offset, bytes } = event;
    if (!hasPlace(call, offset, bytes.length)) {
      if (bytes.length > 0 || call.kept > 0) this.#stats.ignoredChunks += 1;
      return isWhole(call) ? this.#finish(stream, call, []) : [];
    }
    const pieces: Piece[] = [];
    if (offset === call.next) {
      pieces.push({ at: offset, bytes });
      call.next += bytes.length;
      const before = call.waiting.size;
      takeReady(call, pieces);
      if (before > 0) this.#uncount(pieces.slice(1));
    } else {
      if (this.#stats.bufferedBytes + bytes.length > BUFFER_MAX_BYTES) {
        this.#stats.overflows += 1;
        call.waiting.set(offset, bytes);
        this.#stats.bufferedBytes += bytes.length;
        return this.#giveUp(stream);
      }
      // A copy: slice() of a Buffer would still be a view of the batch.
      call.waiting.set(offset, new Uint8Array(bytes));
      this.#stats.bufferedBytes += bytes.length;
    }
    return isWhole(call) ? this.#finish(stream, call, pieces) : this.#tell(stream, call, pieces);
  }

  #finish(stream: Stream, call: Call, pieces: Piece[]): StreamChunk[] {
    const chunks = this.#tell(stream, call, [...pieces, ...takeLimit(call)]);
    this.#close(stream, call);
    return chunks;
  }

  #giveUp(stream: Stream): StreamChunk[] {
    const { call } = stream;
    if (call === null) return [];
    const pieces = takeRest(call);
    this.#uncount(pieces);
    const chunks = this.#tell(stream, call, pieces);
    this.#close(stream, call);
    return chunks;
  }

  #close(stream: Stream, call: Call): void {
    stream.position = call.start + call.original;
    stream.doneCall = call.id;
    stream.call = null;
    this.#incomplete.delete(stream);
  }

  #uncount(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      if ('bytes' in piece) this.#stats.bufferedBytes -= piece.bytes.length;
    }
  }

  #tell(stream: Stream, call: Call, pieces: readonly Piece[]): StreamChunk[] {
    return pieces.map((piece) => {
      const base = { ...stream.last, call: call.id };
      const position = call.start + piece.at;
      if ('bytes' in piece) {
        this.#stats.capturedBytes += piece.bytes.length;
        return { ...base, position, bytes: piece.bytes };
      }
      this.#stats[piece.cause === 'limit' ? 'limitBytes' : 'lostBytes'] += piece.missing;
      return { ...base, position, missing: piece.missing, cause: piece.cause };
    });
  }

  #end(stream: Stream): StreamEnd {
    const rest = this.#giveUp(stream);
    this.#streams.delete(stream.id);
    const ids = this.#ofProcess.get(stream.process);
    ids?.delete(stream.id);
    if (ids?.size === 0) this.#ofProcess.delete(stream.process);
    const { key, root, ssl, direction } = stream.first;
    return { key, root, ssl, direction, rest, position: stream.position };
  }
}
