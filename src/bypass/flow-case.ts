import type { Agent } from '../agent/index.js';
import type {
  HostSource,
  HttpInfo,
  NetInfo,
  Origin,
  ProcessInfo,
  TlsInfo,
} from '../event/index.js';
import type { Flow } from '../flow/index.js';

/** Who listens where the flow goes, as far as it is a configured proxy's address. */
export type ProxyState =
  /** No proxy is configured there. */
  | 'none'
  /** The host was asked and has not answered. */
  | 'asked'
  | 'trusted'
  /** Another account or file listens there than the configured ones. */
  | 'mismatch';

export interface SeenName {
  readonly host: string;
  readonly source: HostSource;
  readonly seenNs: bigint;
}

/** A settled flow of an agent, with everything the rules look at. Facts are added as they come. */
export interface FlowCase {
  readonly flow: Flow;
  readonly agent: Agent;
  readonly process: ProcessInfo;
  readonly origin: Origin;
  readonly settledNs: bigint;
  /** By name. The address alone is not one. */
  readonly names: Map<string, SeenName>;
  proxy: ProxyState;
  tls: TlsInfo | null;
  http: HttpInfo | null;
  closedNs: bigint | null;
  /** What was said or settled already: a rule, or a rule and a host. */
  readonly done: Set<string>;
}

const STRENGTH: readonly HostSource[] = ['http_host', 'connect_target', 'sni', 'dns', 'address'];
const NAMES_MAX = 16;

export function addName(one: FlowCase, host: string, source: HostSource, seenNs: bigint): void {
  const name = normalHost(host);
  if (source === 'address' || name === '' || one.names.has(name)) return;
  if (one.names.size < NAMES_MAX) one.names.set(name, { host: name, source, seenNs });
}

/** Strongest evidence first. */
export const namesOf = (one: FlowCase): readonly SeenName[] =>
  [...one.names.values()].sort((a, b) => STRENGTH.indexOf(a.source) - STRENGTH.indexOf(b.source));

/** Names are compared in lower case and without the dot that ends a fully qualified one. */
export const normalHost = (host: string): string => host.toLowerCase().replace(/\.$/, '');

export const netWith = (net: NetInfo, name: SeenName | undefined): NetInfo =>
  name === undefined ? { ...net } : { ...net, host: name.host, hostSource: name.source };

/** `tcp 10.0.0.2:4711 -> 203.0.113.10:443, established` */
export function flowText({
  proto,
  srcIp,
  srcPort,
  dstIp,
  dstPort,
  result,
  error,
}: NetInfo): string {
  const outcome = error === undefined ? result : `${result ?? ''} (${error})`;
  const from = srcIp === '' ? `port ${srcPort}` : endpoint(srcIp, srcPort);
  return `${proto} ${from} -> ${endpoint(dstIp, dstPort)}, ${outcome ?? 'not settled'}`;
}

const endpoint = (ip: string, port: number): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
