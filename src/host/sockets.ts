import type { ProcessKey, SocketsFact } from '../event/index.js';
import { descriptorsOf, procPath, readLink, whileAlive } from './procfs.js';
import type { SocketTables } from './socket-tables.js';

const MAX_DESCRIPTORS = 65_536;
const MAX_CONNECTIONS = 1024;
const ESTABLISHED = '01';

type Connection = SocketsFact['connections'][number];

/** The TCP connections a process has, the first 1024. */
export const socketsFact = (key: ProcessKey, tables: SocketTables): SocketsFact => {
  const found = whileAlive(key, () => connectionsOf(key.tgid, tables));
  return { fact: 'sockets', key, gone: found === null, connections: found ?? [] };
};

const connectionsOf = (tgid: number, tables: SocketTables): Connection[] => {
  const inodes = socketsOf(tgid);
  if (inodes.size === 0) return [];
  const found = tables.of(tgid, inodes).flatMap((table) => established(table, inodes));
  return found.slice(0, MAX_CONNECTIONS);
};

const socketsOf = (tgid: number): Set<string> => {
  const inodes = new Set<string>();
  for (const fd of descriptorsOf(tgid).slice(0, MAX_DESCRIPTORS)) {
    const inode = /^socket:\[(\d+)\]$/.exec(readLink(procPath(tgid, `fd/${fd}`)) ?? '')?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
};

/** Established connections by the inode of their socket. */
type SocketTable = ReadonlyMap<string, Connection>;

/** proc_net_tcp(5), version 4 and 6. */
export const readTable = (text: string): SocketTable => {
  const table = new Map<string, Connection>();
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [, local = '', remote = '', state] = fields;
    if (state !== ESTABLISHED) continue;
    const src = endOf(local);
    const dst = endOf(remote);
    if (src === null || dst === null) continue;
    table.set(fields[9] ?? '', {
      family: dst.family,
      srcIp: src.ip,
      srcPort: src.port,
      dstIp: dst.ip,
      dstPort: dst.port,
    });
  }
  return table;
};

/** Those of these sockets. */
export const established = (table: SocketTable, inodes: ReadonlySet<string>): Connection[] =>
  [...inodes].flatMap((inode) => table.get(inode) ?? []).slice(0, MAX_CONNECTIONS);

/** IPv4 in a socket of IPv6 is IPv4, as in a flow. */
const endOf = (text: string): { family: 'ipv4' | 'ipv6'; ip: string; port: number } | null => {
  const [, address, port] = /^((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4})$/.exec(text) ?? [];
  if (address === undefined || port === undefined) return null;
  const bytes = address.match(/.{8}/g)?.flatMap(wordBytes) ?? [];
  const mapped = bytes.length === 16 && /^0{20}ffff/.test(hex(bytes));
  const ip = bytes.length === 4 || mapped ? bytes.slice(-4).join('.') : ipv6Text(bytes);
  return { family: ip.includes(':') ? 'ipv6' : 'ipv4', ip, port: Number.parseInt(port, 16) };
};

/** Each 32-bit word is printed as the machine reads it: little-endian on all we run on. */
const wordBytes = (word: string): number[] =>
  [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16));

const hex = (bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** RFC 5952: lower case, no leading zeros, the first longest run of zero groups as `::`. */
const ipv6Text = (bytes: readonly number[]): string => {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) {
    groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  }
  let best = { start: 0, length: 1 };
  let start = 0;
  for (const [at, group] of groups.entries()) {
    if (group !== '0') start = at + 1;
    else if (at + 1 - start > best.length) best = { start, length: at + 1 - start };
  }
  if (best.length < 2) return groups.join(':');
  const head = groups.slice(0, best.start).join(':');
  return `${head}::${groups.slice(best.start + best.length).join(':')}`;
};
