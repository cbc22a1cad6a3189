import type { InvalidRecord, KernelEvent, Origin } from '../event/index.js';
import { readHeader } from './header.js';
import { WF_HEADER } from './layout.gen.js';
import { decodeRecord } from './record.js';

const ALIGN = 8;

/** Bytes that are no event. `origin` is null where not even the header could be read. */
export type Invalid = InvalidRecord & { readonly origin: Origin | null };

export interface Decoded {
  /** By the time they happened; a batch holds the rings one after another. */
  readonly events: readonly KernelEvent[];
  readonly invalid: readonly Invalid[];
}

/**
 * Reads a batch: records one after another, each padded to 8 bytes. Any bytes give an answer. Where a size cannot be
 * believed the rest of the batch cannot be found, and its sequence numbers come out as missing.
 */
export function decodeBatch(bytes: Uint8Array): Decoded {
  const events: KernelEvent[] = [];
  const invalid: Invalid[] = [];
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    if (left < WF_HEADER.SIZE) {
      invalid.push({ kind: 'invalid', reason: 'short_header', origin: null });
      break;
    }
    const size = new DataView(bytes.buffer, bytes.byteOffset + at + WF_HEADER.size, 4).getUint32(
      0,
      true,
    );
    if (size < WF_HEADER.SIZE || size > left) {
      invalid.push({ kind: 'invalid', reason: 'bad_size', origin: null });
      break;
    }
    const result = decodeOne(new DataView(bytes.buffer, bytes.byteOffset + at, size));
    if (result.kind === 'invalid') invalid.push(result);
    else events.push(result);
    at += Math.ceil(size / ALIGN) * ALIGN;
  }
  return { events: inOrderOfTime(events), invalid };
}

function decodeOne(view: DataView): KernelEvent | Invalid {
  const header = readHeader(view);
  if (header === null) return { kind: 'invalid', reason: 'unknown_value', origin: null };
  const result = decodeRecord(view, header);
  if (typeof result !== 'string') return result;
  return { kind: 'invalid', reason: result, origin: header.base.origin };
}

/** Stable: records of the same nanosecond stay in the order of their ring. */
const inOrderOfTime = (events: KernelEvent[]): KernelEvent[] =>
  events.sort(({ origin: a }, { origin: b }) =>
    a.bootNs < b.bootNs ? -1 : a.bootNs > b.bootNs ? 1 : 0,
  );
