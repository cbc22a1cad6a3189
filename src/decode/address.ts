import type { TransportProtocol, Tuple } from '../event/index.js';
import { WF_TUPLE, WfLimits } from './layout.gen.js';

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

/** Reads a struct wf_tuple; null when its family is none we know. */
export function readTuple(view: DataView, at: number): Tuple | null {
  const family = view.getUint16(at + WF_TUPLE.family, true);
  if (family !== AF_INET && family !== AF_INET6) return null;
  const src = addressBytes(view, at + WF_TUPLE.src);
  const dst = addressBytes(view, at + WF_TUPLE.dst);
  // A socket of family AF_INET6 that talks to ::ffff:a.b.c.d puts IPv4 on the wire (Java does so always).
  const v4 = family === AF_INET || isMapped(dst);
  const format = v4 ? ipv4Text : ipv6Text;
  const part = (bytes: Uint8Array): Uint8Array =>
    family === AF_INET6 && v4 ? bytes.subarray(12) : bytes;
  const srcPort = view.getUint16(at + WF_TUPLE.src_port, true);
  const unbound = srcPort === 0 && src.every((byte) => byte === 0);
  return {
    family: v4 ? 'ipv4' : 'ipv6',
    protocol: protocolName(view.getUint8(at + WF_TUPLE.protocol)),
    srcIp: unbound ? '' : format(part(src)),
    srcPort,
    dstIp: format(part(dst)),
    dstPort: view.getUint16(at + WF_TUPLE.dst_port, true),
  };
}

/** The first four bytes as dotted decimal. */
export const ipv4Text = (bytes: Uint8Array): string => bytes.subarray(0, 4).join('.');

/** Sixteen bytes as RFC 5952 text: lower case, no leading zeros, the first longest run of zero groups as `::`. */
export function ipv6Text(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < WfLimits.ADDRESS_LEN; i += 2) {
    groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  }
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(':');
  const head = groups.slice(0, run.start).join(':');
  return `${head}::${groups.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== '0') start = i + 1;
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start };
  }
  return best;
}

const addressBytes = (view: DataView, at: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + at, WfLimits.ADDRESS_LEN);

const isMapped = (bytes: Uint8Array): boolean =>
  bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;

const protocolName = (protocol: number): TransportProtocol =>
  protocol === IPPROTO_TCP ? 'tcp' : protocol === IPPROTO_UDP ? 'udp' : 'other';
