import {
  decodeBatch,
  LossTracker,
  type Accounting,
  type RingAccount,
} from '../../src/decode/index.js';
import type { KernelEvent, RingName, TlsDataEvent, TlsFreeEvent } from '../../src/event/index.js';
import { readRecording } from '../../src/recording/index.js';
import { Streams, type StreamChunk } from '../../src/stream/index.js';

/** One direction of one TLS session of a process, put together from a recording. */
export interface RecordedStream {
  readonly pid: number;
  readonly direction: 'write' | 'read';
  /** Copies, each at its position in the stream. */
  readonly pieces: { readonly position: number; readonly bytes: Uint8Array }[];
  limitBytes: number;
  lostBytes: number;
}

export interface Recorded {
  readonly events: readonly KernelEvent[];
  /** Batches as they came from the kernel, for a search over raw bytes. */
  readonly batches: readonly Uint8Array[];
  /** By the last snapshot of the kernel's counters. */
  readonly accounting: Accounting;
  readonly invalid: number;
}

/** Everything a recording holds of the kernel. Throws when it is no whole recording. */
export function readKernelSide(path: string): Recorded {
  const recording = readRecording(path);
  if (!recording.ok) throw new Error(`${path}: ${recording.reason}`);
  const events: KernelEvent[] = [];
  const batches: Uint8Array[] = [];
  const losses = new LossTracker();
  let invalid = 0;
  for (const entry of recording.entries()) {
    if (entry.entry !== 'input' || entry.input.input !== 'batch') continue;
    const decoded = decodeBatch(entry.input.bytes);
    events.push(...decoded.events);
    invalid += decoded.invalid.length;
    batches.push(entry.input.bytes);
    losses.on({ ...decoded, drained: entry.input.drained, counters: entry.input.counters });
  }
  return { events, batches, accounting: losses.accounting(), invalid };
}

/** The account of one ring. */
export function account(recorded: Recorded, name: RingName): RingAccount {
  const found = recorded.accounting.rings.find(({ ring }) => ring === name);
  if (found === undefined) throw new Error(`no account of the ${name} ring`);
  return found;
}

/** The plaintext as stream/ gives it, one entry for each session and direction, also where an address is used again. */
export function recordedStreams(events: readonly KernelEvent[]): RecordedStream[] {
  const streams = new Streams();
  const open = new Map<string, RecordedStream>();
  const all: RecordedStream[] = [];
  const take = (pid: number, ssl: bigint, chunk: StreamChunk): void => {
    const id = `${pid}/${ssl}/${chunk.direction}`;
    let stream = open.get(id);
    if (stream === undefined) {
      stream = { pid, direction: chunk.direction, pieces: [], limitBytes: 0, lostBytes: 0 };
      open.set(id, stream);
      all.push(stream);
    }
    if ('bytes' in chunk) {
      stream.pieces.push({ position: chunk.position, bytes: chunk.bytes.slice() });
    } else if (chunk.cause === 'limit') stream.limitBytes += chunk.missing;
    else stream.lostBytes += chunk.missing;
  };
  const feed = (event: TlsDataEvent | TlsFreeEvent): void => {
    const { tgid } = event.key;
    if (event.kind === 'tls_data') {
      for (const chunk of streams.on(event)) take(tgid, event.ssl, chunk);
      return;
    }
    for (const end of streams.free(event.key, event.ssl)) {
      for (const chunk of end.rest) take(tgid, event.ssl, chunk);
      open.delete(`${tgid}/${event.ssl}/${end.direction}`);
    }
  };
  for (const event of events) {
    if (event.kind === 'tls_data' || event.kind === 'tls_free') feed(event);
  }
  return all;
}
