import { splitArgv } from './text.js';

const EQUALS = '=';
/** What the dynamic linker reads. */
const LINKER = 'LD_';

/**
 * Variables of an exec, NUL-separated: NAME=value, or NAME alone for one of which only that it is there was asked. Of a
 * name that stands there twice the first counts, as for getenv(3); for the dynamic linker the last one does
 * (process_envvars in glibc's elf/rtld.c).
 */
export function readEnvironment(bytes: Uint8Array): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const variable of splitArgv(bytes)) {
    const at = variable.indexOf(EQUALS);
    const name = at === -1 ? variable : variable.slice(0, at);
    if (!found.has(name) || name.startsWith(LINKER)) {
      found.set(name, at === -1 ? '' : variable.slice(at + 1));
    }
  }
  return Object.fromEntries(found);
}
