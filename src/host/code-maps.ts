import { procPath, readText } from './procfs.js';

/** An executable mapping of one file, as proc_pid_maps(5) tells it. */
export interface CodeMapping {
  /** Name of its link in map_files. */
  readonly range: string;
  readonly from: bigint;
  readonly to: bigint;
  /** Where in the file it begins. */
  readonly offset: bigint;
  /** The kernel sets probes in private mappings that are not writable (valid_vma of kernel/events/uprobes.c). */
  readonly takesProbes: boolean;
}

const MAX_MAPS_BYTES = 16 * 1024 * 1024;
/** A process that maps one file as code more often than this is looked at as far. */
const MAX_MAPPINGS = 64;

/** What belongs to no file has inode 0: a file may be called anything. */
const TRAMPOLINE = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ 0 +\[uprobes-trampoline\]$/;
const LINE = /^([0-9a-f]+)-([0-9a-f]+) (.)(.)x(.) ([0-9a-f]+) [0-9a-f]+:[0-9a-f]+ (\d+) /;

/** The text of `maps`; null: the process is gone or may not be looked at. */
export const readMapsText = (tgid: number): string | null =>
  readText(procPath(tgid, 'maps'), MAX_MAPS_BYTES);

/** Executable mappings of any file with this inode number, on whichever device. */
export const codeMappings = (maps: string, inode: bigint): CodeMapping[] => {
  const found: CodeMapping[] = [];
  const wanted = inode.toString();
  for (const text of lines(maps)) {
    if (!text.includes(` ${wanted} `)) continue;
    const [, from = '', to = '', , write = '', sharing = '', offset = '', is = ''] =
      LINE.exec(text) ?? [];
    if (is !== wanted) continue;
    if (found.length === MAX_MAPPINGS) break;
    found.push({
      range: `${bare(from)}-${bare(to)}`,
      from: BigInt(`0x${from}`),
      to: BigInt(`0x${to}`),
      offset: BigInt(`0x${offset}`),
      takesProbes: write === '-' && sharing === 'p',
    });
  }
  return found;
};

/** Is this address in the page with which Linux 6.18 and later replace the trap of a probe on a five-byte nop? */
export const isTrampoline = (maps: string, address: bigint): boolean =>
  lines(maps).some((text) => {
    const [, from, to] = TRAMPOLINE.exec(text) ?? [];
    if (from === undefined || to === undefined) return false;
    return address >= BigInt(`0x${from}`) && address < BigInt(`0x${to}`);
  });

const lines = (maps: string): string[] => maps.split('\n');

/** map_files names its links without the zeros maps pads with. */
const bare = (address: string): string => address.replace(/^0+(?=.)/, '');
