import { readText } from './procfs.js';

const MAX_TABLE_BYTES = 16 * 1024 * 1024;
/** __SO_ACCEPTCON of net/sock.h: it listens. */
const LISTENS = 0x10000;
const SOCK_DGRAM = 2;

/** A socket somebody can connect to. */
export interface BoundSocket {
  /** Of the socket itself, as its descriptors are named; not of the file its path names. */
  readonly inode: string;
  /**
   * As it was bound, cut at a newline. An abstract name begins with `@` and has one for each NUL. Somebody who binds a
   * path with a newline in it can put any line into this table: a path and an inode of it are a hint.
   */
  readonly path: string;
}

const LINE =
  /^[0-9a-f]+: [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{4}) [0-9A-F]{2} +(\d+) (.+)$/;

/** Listening and datagram sockets with a name, of proc_net_unix(5). */
export const parseUnixTable = (text: string): BoundSocket[] => {
  const found: BoundSocket[] = [];
  for (const line of text.split('\n')) {
    const [, flags = '', type = '', inode = '', path = ''] = LINE.exec(line) ?? [];
    if (path === '') continue;
    const listens = (Number.parseInt(flags, 16) & LISTENS) !== 0;
    if (listens || Number.parseInt(type, 16) === SOCK_DGRAM) found.push({ inode, path });
  }
  return found;
};

/** Of the network namespace that process lives in. */
export const readUnixTable = (tgid: number): BoundSocket[] =>
  parseUnixTable(readText(`/proc/${tgid}/net/unix`, MAX_TABLE_BYTES) ?? '');

/** As the table prints it. */
export const asPrinted = (path: string): string =>
  (path.startsWith('@') || path.startsWith('\0') ? path.replaceAll('\0', '@') : path)
    .split('\n', 1)
    .join('');
