import { parseAuthority } from './authority.js';
import { parseStartLine } from './http1/start-line.js';

/** What the first bytes of a connection say it asks for. */
export interface HttpHead {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Lower case; of a CONNECT or absolute target before the Host header. null: none that is a host. */
  readonly host: string | null;
  readonly port: number | null;
  /** `connect` and `absolute` are spoken to a proxy. */
  readonly form: 'connect' | 'absolute' | 'origin';
}

const LINES_MAX = 128;

/** Reads a request head that may be cut anywhere behind its first line. null: not an HTTP/1 request. */
export function parseHttpHead(bytes: Uint8Array): HttpHead | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const [first = '', ...others] = text.split(/\r?\n/, LINES_MAX);
  // The last piece has no line end yet: it may be half a line.
  const lines = others.slice(0, others.length < LINES_MAX - 1 ? -1 : undefined);
  if (others.length === 0) return null;
  const start = parseStartLine(first);
  if (start?.kind !== 'request') return null;
  const { method, target, version } = start;
  if (start.host !== null) {
    const form = method === 'CONNECT' ? 'connect' : 'absolute';
    return { method, target, version, host: start.host, port: start.port, form };
  }
  const { host = null, port = null } = findHost(lines) ?? {};
  return { method, target, version, host, port, form: 'origin' };
}

function findHost(lines: readonly string[]): { host: string; port: number | null } | null {
  for (const line of lines) {
    if (line === '') return null;
    if (/^host:/i.test(line)) return parseAuthority(line.slice(line.indexOf(':') + 1).trim());
  }
  return null;
}
