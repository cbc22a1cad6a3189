import { readFileSync } from 'node:fs';

/** A write of the guest, as it reached the disk. */
export interface DiskWrite {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What a guest sent to its disk in one boot. */
export interface WriteLog {
  /** Before the last flush that was answered: on the medium, whatever happens. */
  readonly flushed: readonly DiskWrite[];
  /** Behind it: in the disk's cache, all or some or none of it on the medium. */
  readonly cached: readonly DiskWrite[];
}

/** The log of QEMU's blklogwrites, which is that of the kernel's dm-log-writes: a sector of head, the bytes written. */
const SECTOR = 512;
const MAGIC = 0x6a736677736872n;
const FLUSH = 1n;

/**
 * Null: QEMU was killed between two writes of its log, of which the later one is there and the earlier one is not. What
 * the disk had cached cannot be told then.
 */
export function readWriteLog(file: string): WriteLog | null {
  const log = readFileSync(file);
  const writes: DiskWrite[] = [];
  let flushed = 0;
  if (log.length < SECTOR) return { flushed: [], cached: [] };
  // QEMU writes the head of the log at the first flush.
  if (![0n, MAGIC].includes(log.readBigUInt64LE(0)))
    throw new Error(`${file}: not a log of writes`);
  for (let at = SECTOR; at + SECTOR <= log.length;) {
    const [sector, sectors, flags] = [0, 8, 16].map((field) => log.readBigUInt64LE(at + field));
    if (sectors === 0n && flags === 0n) return null;
    if (flags !== 0n && flags !== FLUSH) throw new Error(`${file}: unknown flags ${flags ?? ''}`);
    if (flags === FLUSH) flushed = writes.length;
    const [start, size] = [at + SECTOR, Number(sectors) * SECTOR];
    // Cut off in the log: the guest was not told that this write is done.
    if (start + size > log.length) break;
    if (size > 0) {
      writes.push({ offset: Number(sector) * SECTOR, bytes: log.subarray(start, start + size) });
    }
    at = start + size;
  }
  return { flushed: writes.slice(0, flushed), cached: writes.slice(flushed) };
}

/** What a disk that loses power keeps of a write in its cache: all of it, up to some sector, or nothing. */
export function keepSome({ offset, bytes }: DiskWrite, pick: (below: number) => number): DiskWrite {
  const sectors = bytes.length / SECTOR;
  const kept = [0, pick(sectors), sectors][pick(3)] ?? 0;
  return { offset, bytes: bytes.subarray(0, kept * SECTOR) };
}
