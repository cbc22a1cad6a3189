import { globMatches, type NetInfo } from '../event/index.js';
import { inCidr, isLoopback, sameAddress } from './address.js';

const DNS_PORT = 53;

/** The exemption that covers a destination, or null. `names`: what it is known to be called. */
export function exemptionOf(
  exempt: readonly string[],
  net: NetInfo,
  names: readonly string[],
): string | null {
  return exempt.find((entry) => covers(entry, net, names)) ?? null;
}

/** Does a name decide about this entry? Then a flow without one cannot be judged by it. */
export const isAboutNames = (entry: string): boolean =>
  entry !== 'loopback' && entry !== 'dns' && !/^\d+$/.test(entry) && !isAddressText(entry);

/** Written for this destination, unlike the words for whole kinds of traffic. */
export const isExplicit = (entry: string): boolean => entry !== 'loopback' && entry !== 'dns';

function covers(entry: string, net: NetInfo, names: readonly string[]): boolean {
  if (entry === 'loopback') return isLoopback(net.dstIp);
  if (entry === 'dns') return net.dstPort === DNS_PORT;
  if (/^\d+$/.test(entry)) return net.dstPort === Number(entry);
  if (entry.includes('/')) return inCidr(net.dstIp, entry);
  if (isAddressText(entry)) return sameAddress(net.dstIp, entry);
  return names.some((name) => globMatches(entry.toLowerCase(), name));
}

const isAddressText = (entry: string): boolean =>
  entry.includes('/') || entry.includes(':') || /^\d+(\.\d+){3}$/.test(entry);
