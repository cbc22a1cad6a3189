import type { NameService } from '../event/index.js';

/** What a hello or a request shows of whom it goes to. */
export interface ResolverSigns {
  /** The server name, or whatever else names the host; null: an address only. */
  readonly host: string | null;
  readonly alpn: readonly string[];
  readonly address: string;
  readonly port: number;
}

/** ALPN of RFC 7858 3.1 and RFC 9250 4.1.1, as IANA registers them. */
const PROTOCOLS: readonly (readonly [string, NameService])[] = [
  ['dot', 'dot'],
  ['doq', 'doq'],
];
const DOT_PORT = 853;
const HTTPS_PORT = 443;

/**
 * Public resolvers over HTTPS, as their operators and the lists of curl's wiki and of Chromium name them; a name stands
 * for those under it.
 */
const HOSTS: readonly string[] = [
  'dns.google',
  'dns.google.com',
  'dns64.dns.google',
  'cloudflare-dns.com',
  'one.one.one.one',
  '1dot1dot1dot1.cloudflare-dns.com',
  'cloudflare-gateway.com',
  'dns.quad9.net',
  'dns9.quad9.net',
  'dns10.quad9.net',
  'dns11.quad9.net',
  'dns12.quad9.net',
  'dns.nextdns.io',
  'doh.opendns.com',
  'doh.familyshield.opendns.com',
  'dns.umbrella.com',
  'doh.umbrella.com',
  'dns.adguard.com',
  'dns.adguard-dns.com',
  'unfiltered.adguard-dns.com',
  'family.adguard-dns.com',
  'doh.cleanbrowsing.org',
  'dns.controld.com',
  'freedns.controld.com',
  'doh.dns.sb',
  'dns.mullvad.net',
  'doh.mullvad.net',
  'dns0.eu',
  'doh.libredns.gr',
  'doh.pub',
  'dns.alidns.com',
  'doh.360.cn',
  'dns.switch.ch',
  'doh.li',
  'odvr.nic.cz',
  'dns.digitale-gesellschaft.ch',
  'doh.xfinity.com',
  'public.dns.iij.jp',
  'dns.njal.la',
];
const ADDRESSES: ReadonlySet<string> = new Set([
  '1.1.1.1',
  '1.0.0.1',
  '1.1.1.2',
  '1.0.0.2',
  '1.1.1.3',
  '1.0.0.3',
  '8.8.8.8',
  '8.8.4.4',
  '9.9.9.9',
  '9.9.9.10',
  '9.9.9.11',
  '149.112.112.112',
  '208.67.222.222',
  '208.67.220.220',
  '94.140.14.14',
  '94.140.15.15',
  '2606:4700:4700::1111',
  '2606:4700:4700::1001',
  '2001:4860:4860::8888',
  '2001:4860:4860::8844',
  '2620:fe::fe',
  '2620:fe::9',
]);

/** Is a name server asked here, inside of TLS, where no question is seen? */
export function nameServiceOf({ host, alpn, address, port }: ResolverSigns): NameService | null {
  const offered = PROTOCOLS.find(([protocol]) => alpn.includes(protocol));
  if (offered !== undefined) return offered[1];
  if (port === DOT_PORT) return alpn.length === 0 ? 'dot' : null;
  if (host === null) return port === HTTPS_PORT && ADDRESSES.has(address) ? 'doh' : null;
  return isResolverHost(host) ? 'doh' : null;
}

/** Is this the request of a question, by the path that RFC 8484 gives as its example and servers have kept? */
export const isDohPath = (path: string): boolean => /^\/dns-query(?:[/?]|$)/.test(path);

/** Does this host answer DNS over HTTPS to everybody? */
export function isResolverHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return HOSTS.some((known) => name === known || name.endsWith(`.${known}`));
}
