import { procPath, readText } from './procfs.js';

/** An executable mapping of a file. */
export interface Mapping {
  /** Name of its link in map_files. */
  readonly range: string;
  /** `major:minor` in hexadecimal and inode, as the kernel prints them: equal for equal files. */
  readonly file: string;
  readonly inode: bigint;
  /** As the kernel prints it: ` (deleted)` may be appended, and may as well be part of the name. */
  readonly path: string;
}

const MAX_MAPS_BYTES = 16 * 1024 * 1024;
const MAX_MAPPINGS = 16_384;

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ..x. [0-9a-f]+ ([0-9a-f]+:[0-9a-f]+) (\d+) +(.*)$/;

/** proc_pid_maps(5): executable mappings of files, the first one of each file. */
export const parseMaps = (text: string): Mapping[] => {
  const found = new Map<string, Mapping>();
  for (const line of text.split('\n')) {
    const [, from = '', to = '', dev = '', inode = '0', path = ''] = LINE.exec(line) ?? [];
    const file = `${dev}:${inode}`;
    if (inode === '0' || found.has(file)) continue;
    if (found.size === MAX_MAPPINGS) break;
    found.set(file, {
      range: `${bare(from)}-${bare(to)}`,
      file,
      inode: BigInt(inode),
      path: unescapeNewlines(path),
    });
  }
  return [...found.values()];
};

/** map_files names its links without the zeros maps pads with. */
const bare = (address: string): string => address.replace(/^0+(?=.)/, '');

const unescapeNewlines = (path: string): string => path.replaceAll('\\012', '\n');

/** Null: the process is gone or may not be looked at. */
export const readMaps = (tgid: number): Mapping[] | null => {
  const text = readText(procPath(tgid, 'maps'), MAX_MAPS_BYTES);
  return text === null ? null : parseMaps(text);
};
