import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { openImage, type FileReader } from '../src/elf/index.js';
import { boringssl } from '../src/resolve/boringssl.js';
import type { Found } from '../src/resolve/index.js';
import { resolveFile, type Resolution } from '../src/resolve/index.js';
import { openssl } from '../src/resolve/openssl.js';

export interface Measured {
  readonly resolution: Resolution;
  readonly ms: number;
  readonly cpuMs: number;
  /** Highest resident memory of the process, above what it had before; MiB. */
  readonly addedMib: number;
  /** Where a build has symbols: do the anchors lead to the same functions? null: it has none, or no anchors. */
  readonly agrees: boolean | null;
}

/** Functions that the anchors of a call may lead to, by their names. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  write: ['SSL_write'],
  read: ['SSL_read'],
  write_ex: ['ssl_write_internal', 'SSL_write_ex'],
  write_flags_ex: ['ssl_write_internal'],
  read_ex: ['ssl_read_internal', 'SSL_read_ex'],
};

export function readerOf(fd: number): FileReader {
  return {
    size: fstatSync(fd).size,
    read: (offset, length) => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
    },
  };
}

function agreement(reader: FileReader): boolean | null {
  const image = openImage(reader);
  if (typeof image === 'string') return null;
  const names = [...new Set(Object.values(NAMES).flat())];
  const symbols = image.symbols(names);
  if (!symbols.has('SSL_write')) return null;
  const anchored = [boringssl(image), openssl(image)].filter((one): one is Found => one !== null);
  const sites = anchored.flatMap((one) => ('refused' in one ? [] : one.sites));
  if (anchored.length === 0) return null;
  return (
    sites.length > 0 &&
    sites.every(({ call, entry }) =>
      (NAMES[call] ?? []).some((name) => {
        const address = symbols.get(name);
        // An inner function that is only in a symbol table that was left out cannot be compared.
        const isUnknown = address === undefined && name.startsWith('ssl_');
        return isUnknown || (address !== undefined && image.offsetOf(address) === entry);
      }),
    )
  );
}

function measure(path: string): Measured {
  const fd = openSync(path, 'r');
  const reader = readerOf(fd);
  const memory = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  const before = performance.now();
  const resolution = resolveFile(reader);
  const ms = performance.now() - before;
  const used = process.cpuUsage(cpu);
  const addedMib = process.resourceUsage().maxRSS / 1024 - memory / 1024 / 1024;
  const agrees = agreement(reader);
  closeSync(fd);
  return { resolution, ms, cpuMs: (used.user + used.system) / 1000, addedMib, agrees };
}

if (!isMainThread) parentPort?.postMessage(measure(String(workerData)));
