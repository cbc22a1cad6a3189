import type { RingName } from '../event/index.js';
import { WF_COUNTERS, WfLoss, WfRing } from './layout.gen.js';

/** One element of the kernel's counters: a CPU and a ring. Monotonic; exact below 2^53. */
export interface LaneCounters {
  readonly cpu: number;
  readonly ring: RingName;
  /** Sequence numbers taken. */
  readonly emitted: number;
  readonly ringFull: number;
  readonly fault: number;
  readonly tableFull: number;
  readonly callLimit: number;
  readonly payloadBytesAgent: number;
  readonly payloadBytesForeign: number;
}

export const RINGS: readonly RingName[] = ['lifecycle', 'network', 'payload'];

/** Reads a snapshot of struct wf_counters, index cpu * rings + ring. A torn last element is left out. */
export function readCounters(bytes: Uint8Array): LaneCounters[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lanes: LaneCounters[] = [];
  for (let at = 0; at + WF_COUNTERS.SIZE <= bytes.byteLength; at += WF_COUNTERS.SIZE) {
    const index = at / WF_COUNTERS.SIZE;
    const ring = RINGS[index % WfRing.COUNT];
    if (ring === undefined) continue;
    const u64 = (offset: number): number => Number(view.getBigUint64(at + offset, true));
    const lost = (cause: number): number => u64(WF_COUNTERS.lost + cause * 8);
    lanes.push({
      cpu: Math.floor(index / WfRing.COUNT),
      ring,
      emitted: u64(WF_COUNTERS.emitted),
      ringFull: lost(WfLoss.RING_FULL),
      fault: lost(WfLoss.FAULT),
      tableFull: lost(WfLoss.TABLE_FULL),
      callLimit: lost(WfLoss.CALL_LIMIT),
      payloadBytesAgent: u64(WF_COUNTERS.payload_bytes_agent),
      payloadBytesForeign: u64(WF_COUNTERS.payload_bytes_foreign),
    });
  }
  return lanes;
}
