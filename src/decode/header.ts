import type { Origin, ProcessKey, RingName, ScopeState } from '../event/index.js';
import { WF_HEADER, WfRing, WfVerdict } from './layout.gen.js';

/** What every event has in common, and what its decoder needs to go on. */
export interface Header {
  readonly base: {
    readonly origin: Origin;
    readonly key: ProcessKey;
    readonly tid: number;
    readonly root: ProcessKey | null;
    readonly scope: ScopeState;
  };
  readonly kind: number;
}

const RING_NAMES: Readonly<Record<number, RingName>> = {
  [WfRing.LIFECYCLE]: 'lifecycle',
  [WfRing.NETWORK]: 'network',
  [WfRing.PAYLOAD]: 'payload',
};

const SCOPES: Readonly<Record<number, ScopeState>> = {
  [WfVerdict.NONE]: 'none',
  [WfVerdict.PENDING]: 'pending',
  [WfVerdict.AGENT]: 'agent',
  [WfVerdict.STRANGER]: 'stranger',
  [WfVerdict.RELAY]: 'relay',
  [WfVerdict.WATCHED]: 'watched',
};

/** NR_CPUS is at most this in any kernel's configuration. */
const CPUS_MAX = 8192;

/** Reads the header at the start of a record; null when its ring, CPU or verdict cannot be. */
export function readHeader(view: DataView): Header | null {
  const ring = RING_NAMES[view.getUint8(WF_HEADER.ring)];
  const scope = SCOPES[view.getUint8(WF_HEADER.verdict)];
  const cpu = view.getUint32(WF_HEADER.cpu, true);
  if (ring === undefined || scope === undefined || cpu >= CPUS_MAX) return null;
  const root = readKey(view, WF_HEADER.root_tgid, WF_HEADER.root_start_ns);
  return {
    base: {
      origin: {
        ring,
        cpu,
        seq: view.getBigUint64(WF_HEADER.seq, true),
        bootNs: view.getBigUint64(WF_HEADER.boot_ns, true),
      },
      key: readKey(view, WF_HEADER.tgid, WF_HEADER.start_ns),
      tid: view.getUint32(WF_HEADER.tid, true),
      // Start 0 is the kernel's word for "in no lineage".
      root: root.startNs === 0n ? null : root,
      scope,
    },
    kind: view.getUint16(WF_HEADER.kind, true),
  };
}

export const readKey = (view: DataView, tgidAt: number, startAt: number): ProcessKey => ({
  tgid: view.getUint32(tgidAt, true),
  startNs: view.getBigUint64(startAt, true),
});
