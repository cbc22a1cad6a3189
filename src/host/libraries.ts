import { readdirSync, realpathSync } from 'node:fs';
import { readText } from './procfs.js';

const MAX_CONF_BYTES = 64 * 1024;
const TRIPLETS: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
};

/** Directories of a configuration of ld.so(8); `include` is followed once, for names with a star in the last part. */
export const parseLdConf = (text: string): { dirs: string[]; includes: string[] } => {
  const dirs: string[] = [];
  const includes: string[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*/, '').trim();
    const include = /^include\s+(\S+)$/.exec(line)?.[1];
    if (include !== undefined) includes.push(include);
    else if (line.startsWith('/')) dirs.push(line);
  }
  return { dirs, includes };
};

/** Where the dynamic linker looks, each directory once, symbolic links resolved. */
export const libraryDirs = (): string[] => {
  const main = parseLdConf(readText('/etc/ld.so.conf', MAX_CONF_BYTES) ?? '');
  const included = main.includes
    .flatMap(expand)
    .flatMap((file) => parseLdConf(readText(file, MAX_CONF_BYTES) ?? '').dirs);
  const triplet = TRIPLETS[process.arch];
  const multiarch = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`];
  const all = [...main.dirs, ...included, ...multiarch, '/lib64', '/usr/lib64', '/lib', '/usr/lib'];
  return [...new Set(all.flatMap(resolve))];
};

const expand = (pattern: string): string[] => {
  const slash = pattern.lastIndexOf('/');
  const dir = pattern.slice(0, slash);
  const [before = '', after = ''] = pattern.slice(slash + 1).split('*');
  try {
    return readdirSync(dir)
      .filter((name) => name.startsWith(before) && name.endsWith(after))
      .sort()
      .map((name) => `${dir}/${name}`);
  } catch {
    return [];
  }
};

const resolve = (path: string): string[] => {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
};
