import type { HostSource, Origin } from '../event/index.js';
import { parseAuthority } from '../http/index.js';
import type { FirstBytes, SaidHello } from './first-bytes.js';
import type { FlowEntry } from './flow-entry.js';
import type { FlowChange } from './flow.js';
import { isResolverHost, nameServiceOf } from './resolver.js';

const HTTPS_PORT = 443;
const STRENGTH: Readonly<Record<HostSource, number>> = {
  address: 0,
  dns: 1,
  sni: 2,
  connect_target: 3,
  http_host: 4,
};

/** Takes a name if it is one and stronger than what is known. */
export function nameFlow(
  entry: FlowEntry,
  name: string,
  source: HostSource,
  origin: Origin,
): FlowChange[] {
  const host = parseAuthority(name.includes(':') ? `[${name}]` : name)?.host;
  // RFC 6066 3: an address is no server name, and as one it would hide what was asked of DNS.
  if (host === undefined || (source === 'sni' && isIpv4(host))) return [];
  if (STRENGTH[source] <= STRENGTH[entry.net.hostSource ?? 'address']) return [];
  entry.net = { ...entry.net, host, hostSource: source };
  // Behind a front the name of the request is the one that counts.
  if (entry.hello !== undefined && source === 'http_host' && isResolverHost(host)) {
    entry.nameService ??= 'doh';
  }
  return [{ change: 'named', flow: entry, origin, host, source }];
}

interface Heard {
  readonly origin: Origin;
  /** Among all that one event said. */
  readonly index: number;
}

/** What the first payload of a flow changes about it. */
export function hearFirstBytes(entry: FlowEntry, said: FirstBytes, heard: Heard): FlowChange[] {
  const { origin } = heard;
  switch (said.says) {
    case 'malformed':
      return [];
    case 'dns': {
      const { name: question, type } = said.question;
      return [{ change: 'dns', flow: entry, ...heard, question, type }];
    }
    case 'hello':
      return hearHello(entry, said.hello, heard);
    case 'http': {
      const { host, port, form } = said.head;
      if (host === null) return [];
      if (form !== 'connect') return nameFlow(entry, host, 'http_host', origin);
      entry.connectTarget = { host, port: port ?? HTTPS_PORT };
      return nameFlow(entry, host, 'connect_target', origin);
    }
  }
}

function hearHello(entry: FlowEntry, said: SaidHello, heard: Heard): FlowChange[] {
  const { sni, alpn } = said;
  if (sni !== null) entry.sni = sni;
  entry.alpn = alpn;
  const named = sni === null ? [] : nameFlow(entry, sni, 'sni', heard.origin);
  const { dstIp: address, dstPort: port, host = address } = entry.net;
  const signs = { alpn, address, port: entry.connectTarget?.port ?? port };
  const known = sni ?? (host === address ? null : host);
  const nameService = nameServiceOf({ ...signs, host: known });
  entry.hello = { ja4: said.ja4, ech: said.ech, quic: said.quic };
  if (nameService !== null) entry.nameService = nameService;
  return [...named, { change: 'hello', flow: entry, ...heard, sni, alpn }];
}

/** Names that DNS gives do not lead there, and a proxy there is not the host that was asked for. */
export const isLoopback = (address: string): boolean =>
  address === '::1' || (address.startsWith('127.') && isIpv4(address));

const isIpv4 = (text: string): boolean => /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text);
