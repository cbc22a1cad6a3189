import { globMatches } from '../event/index.js';
import { exeMatches } from './rule-match.js';

/** One way to know a program. `comm` is never one: any process may call itself anything. */
export interface Mark {
  /** Globs for the executed file. */
  readonly exe: readonly string[];
  /** Globs for the script an interpreter runs; absent: the file alone says it. */
  readonly script?: readonly string[];
  /** What this mark is evidence of. */
  readonly says: string;
}

/** A known agent. */
export interface Signature {
  /** Display name. */
  readonly name: string;
  readonly marks: readonly Mark[];
  /** Names of executed files, and of the directories they lie in, that the kernel must ask about. */
  readonly basenames: readonly string[];
  readonly parents: readonly string[];
}

/** Node and Bun options that take the next argument as their value. */
const VALUE_OPTIONS = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--env-file',
]);

/** The evidence, or null when the program is another. */
export function recognise(
  signature: Signature,
  exe: string,
  argv: readonly string[],
): string | null {
  for (const mark of signature.marks) {
    if (!mark.exe.some((glob) => exeMatches(glob, exe))) continue;
    if (mark.script === undefined) return `${mark.says}: ${exe}`;
    const script = scriptOf(argv);
    if (mark.script.some((glob) => globMatches(glob, script))) return `${mark.says}: ${script}`;
  }
  return null;
}

/** The first argument that is neither an option nor an option's value. */
export function scriptOf(argv: readonly string[]): string {
  for (let i = 1; i < argv.length; i += 1) {
    const argument = argv[i] ?? '';
    if (VALUE_OPTIONS.has(argument)) i += 1;
    else if (!argument.startsWith('-')) return argument;
  }
  return '';
}
