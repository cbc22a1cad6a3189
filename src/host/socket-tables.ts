import { procPath, readLink, readText } from './procfs.js';
import { readTable } from './sockets.js';

type Tables = readonly ReturnType<typeof readTable>[];

const MAX_TABLE_BYTES = 16 * 1024 * 1024;
const NAMESPACES_MAX = 64;
/** What is connected later than that is seen by the sensors, which are there before anybody asks. */
const FRESH_MS = 1000;

/**
 * The TCP connections of network namespaces, IPv4 and IPv6. To read them the kernel walks all of its hash table, which
 * takes it milliseconds, and at the start thousands of processes of one namespace are asked about.
 */
export class SocketTables {
  readonly #read = new Map<string, { readonly atMs: number; readonly tables: Tables }>();
  readonly #nowMs: () => number;

  /** `nowMs`: any clock that goes on evenly. */
  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Those of the namespace the process is in. */
  of(tgid: number): Tables {
    const namespace = readLink(procPath(tgid, 'ns/net'));
    const nowMs = this.#nowMs();
    const known = namespace === null ? undefined : this.#read.get(namespace);
    if (known !== undefined && nowMs - known.atMs < FRESH_MS) return known.tables;
    const tables = ['tcp', 'tcp6'].map((name) =>
      readTable(readText(procPath(tgid, `net/${name}`), MAX_TABLE_BYTES) ?? ''),
    );
    if (namespace !== null) this.#keep(namespace, { atMs: this.#nowMs(), tables });
    return tables;
  }

  #keep(namespace: string, read: { readonly atMs: number; readonly tables: Tables }): void {
    for (const [name, { atMs }] of this.#read) {
      if (read.atMs - atMs >= FRESH_MS || this.#read.size >= NAMESPACES_MAX)
        this.#read.delete(name);
    }
    this.#read.set(namespace, read);
  }
}
