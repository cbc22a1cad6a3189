import type { NetInfo, Origin, ProcessKey, ScopeState, Tuple } from '../event/index.js';
import type { Flow } from './flow.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A flow as the table keeps it; to everybody else it is a read-only Flow. */
export interface FlowEntry extends Writable<Flow> {
  /** Where it stands in the table. */
  readonly slot: string;
  /** Its open event came: otherwise a later event was faster. */
  opened: boolean;
  settled: boolean;
  /** It was seen to carry payload, so it was established whatever else was lost. */
  spoke: boolean;
  lastNs: bigint;
  closedNs: bigint | null;
}

interface Opening {
  readonly cookie: bigint;
  readonly key: ProcessKey;
  readonly root: ProcessKey | null;
  readonly tuple: Tuple;
  readonly origin: Origin;
  readonly netns?: number;
  readonly scope: ScopeState;
}

/** UDP is a flow for each remote; a TCP socket has one at a time. */
export const flowSlot = (cookie: bigint, tuple: Tuple): string =>
  tuple.protocol === 'tcp'
    ? tcpSlot(cookie)
    : `${tuple.protocol} ${cookie} ${tuple.dstIp} ${tuple.dstPort}`;

export const tcpSlot = (cookie: bigint): string => `tcp ${cookie}`;

export function openEntry(opening: Opening, number: number, opened: boolean): FlowEntry {
  const { cookie, key, root, tuple, origin } = opening;
  const { protocol: proto, family, srcIp, srcPort, dstIp, dstPort } = tuple;
  return {
    id: `${cookie}/${number}`,
    slot: flowSlot(cookie, tuple),
    cookie,
    key,
    root,
    net: { proto, family, srcIp, srcPort, dstIp, dstPort, host: dstIp, hostSource: 'address' },
    netns: opening.netns ?? 0,
    openedNs: origin.bootNs,
    pending: opening.scope === 'pending',
    origin,
    closed: false,
    opened,
    settled: false,
    spoke: false,
    lastNs: origin.bootNs,
    closedNs: null,
  };
}

/** What later events know better: the source, once the kernel has chosen it, and the lineage. */
export function learnMore(
  entry: FlowEntry,
  event: Pick<Opening, 'tuple' | 'root' | 'netns'>,
): void {
  const { srcIp, srcPort } = event.tuple;
  entry.root ??= event.root;
  if (event.netns !== undefined) entry.netns = event.netns;
  if (srcPort !== 0 && entry.net.srcPort === 0) entry.net = { ...entry.net, srcIp, srcPort };
}

export function setResult(entry: FlowEntry, result: NetInfo['result'], error?: string): void {
  entry.settled = true;
  if (result === undefined) return;
  entry.net = { ...entry.net, result, ...(error === undefined ? {} : { error }) };
}
