import { procPath, readLink, readText } from './procfs.js';
import { readTable } from './sockets.js';

type Tables = readonly ReturnType<typeof readTable>[];

interface Read {
  readonly atMs: number;
  readonly tables: Tables;
  /** Sockets that were there when it was read. */
  readonly asked: ReadonlySet<string>;
}

const MAX_TABLE_BYTES = 16 * 1024 * 1024;
const NAMESPACES_MAX = 64;
const ASKED_MAX = 65_536;
const FRESH_MS = 1000;

/**
 * The TCP connections of network namespaces, IPv4 and IPv6. To read them the kernel walks all of its hash table, which
 * takes it milliseconds, and at the start thousands of processes are asked about that have the same few sockets from
 * whoever started them. A socket nobody asked about before is a reason to read again.
 */
export class SocketTables {
  readonly #read = new Map<string, Read>();
  readonly #nowMs: () => number;

  /** `nowMs`: any clock that goes on evenly. */
  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Those of the namespace the process is in. `inodes`: its sockets. */
  of(tgid: number, inodes: ReadonlySet<string>): Tables {
    const namespace = readLink(procPath(tgid, 'ns/net')) ?? '';
    const atMs = this.#nowMs();
    const known = this.#read.get(namespace);
    const isFresh = known !== undefined && atMs - known.atMs < FRESH_MS;
    const before = isFresh ? known.asked : new Set<string>();
    if (isFresh && [...inodes].every((inode) => before.has(inode))) return known.tables;
    const tables = ['tcp', 'tcp6'].map((name) =>
      readTable(readText(procPath(tgid, `net/${name}`), MAX_TABLE_BYTES) ?? ''),
    );
    const asked = before.size < ASKED_MAX ? new Set([...before, ...inodes]) : inodes;
    if (namespace !== '') this.#keep(namespace, { atMs, tables, asked });
    return tables;
  }

  #keep(namespace: string, read: Read): void {
    this.#read.delete(namespace);
    const [oldest] = this.#read.keys();
    if (oldest !== undefined && this.#read.size >= NAMESPACES_MAX) this.#read.delete(oldest);
    this.#read.set(namespace, read);
  }
}
