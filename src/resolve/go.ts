import type { Image } from '../elf/index.js';
import type { ProbeSite } from '../event/index.js';
import type { Family, Found } from './family.js';
import { readGoCode, STACK_ABI } from './go-code.js';
import { findGoTable, textStarts } from './go-image.js';
import type { GoFunction } from './go-table.js';

const CALLS = [
  ['go_write', 'crypto/tls.(*Conn).Write'],
  ['go_read', 'crypto/tls.(*Conn).Read'],
  ['go_close', 'crypto/tls.(*Conn).Close'],
] as const;
const NAMES = CALLS.map(([, name]) => name);

const FUNCTION_MAX = 64 * 1024;

/** A function that a call needs, before it is known where the text begins. */
type Wanted = readonly [call: ProbeSite['call'], at: GoFunction];

/** crypto/tls of the Go standard library, by the program's own table of functions. A linker leaves out what is not used. */
export const go: Family = (image) => {
  const table = findGoTable(image);
  if (table === null) return null;
  if (table === 'old') return refused('Go before 1.16 has another table of functions');
  const functions = table.functions(NAMES);
  if (functions === null) return refused('the table of functions contradicts itself');
  const wanted: Wanted[] = [];
  for (const [call, name] of CALLS) {
    const [at, ...more] = functions.get(name) ?? [];
    if (more.length > 0) return refused(`two functions are ${name}`);
    if (at !== undefined) wanted.push([call, at]);
  }
  if (!wanted.some(([call]) => call !== 'go_close')) return null;
  // Registers carry arguments since Go 1.17 on x86-64, which the code shows, and since 1.18, with its new table, on arm64.
  if (image.machine === 'aarch64' && !table.isRelative) return refused(STACK_ABI);
  return resolve(image, wanted, textStarts(image, table));
};

const refused = (reason: string): Found => ({ library: 'go', refused: reason });

/** With the first beginning of the text that has the functions where the table says. */
function resolve(image: Image, wanted: readonly Wanted[], starts: readonly number[]): Found {
  let reason = 'nothing says where the text begins';
  for (const start of starts) {
    const sites = sitesOf(image, wanted, start);
    if (typeof sites !== 'string') return { library: 'go', by: 'symbols', sites };
    reason = sites;
  }
  return refused(reason);
}

function sitesOf(image: Image, wanted: readonly Wanted[], base: number): ProbeSite[] | string {
  const sites: ProbeSite[] = [];
  for (const [call, { start, end }] of wanted) {
    const offset = image.offsetOf(base + start);
    const code = end - start > FUNCTION_MAX ? null : image.bytes(base + start, end - start);
    if (offset === null || code === null || !image.isCode(base + start)) {
      return 'a function is not in the text';
    }
    const found = readGoCode(code, image.machine);
    if ('refused' in found) return found.refused;
    // The end of a session needs no return.
    const returns = call === 'go_close' ? [] : found.returns.map((at) => offset + at);
    sites.push({ call, entry: offset + found.entry, returns });
  }
  return sites;
}
