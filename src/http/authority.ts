/** Host and port as they stand in a Host header, an absolute target or a CONNECT target. */
export interface Authority {
  /** Lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number | null;
}

const HOST_MAX = 255;
const NAME = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/;
const IPV6 = /^[0-9a-f:.]+(?:%[a-z0-9_.-]+)?$/;

/**
 * Reads `host[:port]`, userinfo ignored. null for anything that is not a host name or address (RFC 3986 3.2), so text
 * chosen by a watched process never becomes a host by accident.
 */
export function parseAuthority(text: string): Authority | null {
  if (text.length > HOST_MAX * 4) return null;
  const hostPort = text.slice(text.lastIndexOf('@') + 1).toLowerCase();
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([0-9]{0,5}))?$/.exec(hostPort);
  if (match === null) return null;
  const [, ipv6, name, digits = ''] = match;
  const port = digits === '' ? null : Number(digits);
  if (port !== null && port > 65_535) return null;
  if (ipv6 !== undefined) {
    return ipv6.includes(':') && IPV6.test(ipv6) && ipv6.length <= HOST_MAX
      ? { host: ipv6, port }
      : null;
  }
  if (name === undefined || name.length > HOST_MAX || !NAME.test(name)) return null;
  return { host: name.endsWith('.') ? name.slice(0, -1) : name, port };
}
