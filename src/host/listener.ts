import { isIPv4, isIPv6 } from 'node:net';
import type { ListenerFact, ListenerQuestion, ProcessKey } from '../event/index.js';
import { executablePath } from './process-fact.js';
import { findProcesses } from './processes.js';
import { descriptorsOf, effectiveIds, isAlive, procPath, readLink, readText } from './procfs.js';
import type { Users } from './users.js';

const MAX_TABLE_BYTES = 16 * 1024 * 1024;
const MAX_DESCRIPTORS = 262_144;
const LISTEN = '0A';

type Owner = NonNullable<ListenerFact['owner']>;

/**
 * Whose socket listens at that address in that network namespace. An exact address goes before a wildcard, as in the
 * kernel. `near` may have ended: then anybody who lives in the namespace will do, and its listener does.
 */
export const listenerFact = (question: ListenerQuestion, users: Users): ListenerFact => {
  const { listen, netns, near } = question;
  const inside = insider(netns, near);
  return {
    fact: 'listener',
    listen,
    netns,
    near,
    seen: inside !== null,
    owner: inside === null ? null : findOwner(listen, inside, users),
  };
};

/** Id of a process in the namespace, or null. */
export const insider = (netns: number, near: ProcessKey): number | null => {
  const isIn = (tgid: number): boolean => readLink(procPath(tgid, 'ns/net')) === `net:[${netns}]`;
  if (netns === 0 || isIn(process.pid)) return process.pid;
  if (isAlive(near) && isIn(near.tgid)) return near.tgid;
  return findProcesses().find(isIn) ?? null;
};

const findOwner = (listen: string, inside: number, users: Users): Owner | null => {
  const base = procPath(inside, 'net');
  const wanted = wantedAddresses(listen);
  if (wanted === null) return null;
  const v4 = listeners(readText(`${base}/tcp`, MAX_TABLE_BYTES) ?? '');
  const v6 = listeners(readText(`${base}/tcp6`, MAX_TABLE_BYTES) ?? '');
  for (const address of wanted) {
    const inode = v4.get(address) ?? v6.get(address);
    if (inode !== undefined) return ownerOf(inode, users);
  }
  return null;
};

/** Local address and port of every listening socket, as the kernel prints them, to its inode. */
export const listeners = (table: string): Map<string, string> => {
  const found = new Map<string, string>();
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [, local, , state] = fields;
    const inode = fields[9];
    if (state === LISTEN && local !== undefined && inode !== undefined) found.set(local, inode);
  }
  return found;
};

/** Keys of `listeners` that would take a connection to this address, the best first. Null: no address. */
export const wantedAddresses = (listen: string): string[] | null => {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d{1,5})$/.exec(listen) ?? [];
  const suffix = `:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`;
  const any6 = '0'.repeat(32);
  if (isIPv4(host)) {
    const words = host.split('.').map(Number);
    const mapped = `0000000000000000FFFF0000${hexWord(words)}`;
    return [hexWord(words), mapped, '00000000', any6].map((address) => address + suffix);
  }
  if (!isIPv6(host)) return null;
  const bytes = ipv6Bytes(host);
  const words = [0, 4, 8, 12].map((at) => hexWord(bytes.slice(at, at + 4)));
  return [words.join(''), any6].map((address) => address + suffix);
};

/** /proc/net prints each 32-bit word of the address as the machine reads it: little-endian on all we run on. */
const hexWord = (bytes: readonly number[]): string =>
  [...bytes]
    .reverse()
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('');

const ipv6Bytes = (text: string): number[] => {
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const fill = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...fill, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
};

const ownerOf = (inode: string, users: Users): Owner | null => {
  const link = `socket:[${inode}]`;
  let looked = 0;
  for (const tgid of findProcesses()) {
    for (const fd of descriptorsOf(tgid)) {
      if (++looked > MAX_DESCRIPTORS) return null;
      if (readLink(procPath(tgid, `fd/${fd}`)) === link) return describe(tgid, users);
    }
  }
  return null;
};

const describe = (tgid: number, users: Users): Owner | null => {
  const ids = effectiveIds(readText(procPath(tgid, 'status'), 65_536) ?? '');
  const exe = executablePath(tgid, null);
  return ids === null || exe === null ? null : { uid: ids.uid, user: users.name(ids.uid), exe };
};
