import type { Mark } from './mark.js';
import { kindOfName, PATTERNS } from './patterns.js';
import type { RedactionKind } from './patterns.js';
import { cleanText } from './text.js';
import { cleanBareUrl, cleanUrl } from './url.js';
import { joinWords, splitWords } from './words.js';

/** A command line in a command line in a command line: deeper ones are read as plain text. */
const MAX_NESTING = 4;

/** How the value of an option is cleaned. `header`: by its name; `pair`: when it is name:password. */
type ValueOf = RedactionKind | 'header' | 'pair' | 'command';

/** Options of one letter mean a credential only to some programs. */
const SHORT_OPTIONS: Readonly<{ [program: string]: Readonly<{ [letter: string]: ValueOf }> }> = {
  curl: { u: 'user', U: 'user', H: 'header', b: 'cookie', E: 'pair' },
  mysql: { p: 'password' },
  mysqldump: { p: 'password' },
  mariadb: { p: 'password' },
  sshpass: { p: 'password' },
  'redis-cli': { a: 'password' },
  http: { a: 'user' },
  https: { a: 'user' },
};

const PAIR_OPTIONS = new Set(['user', 'proxy-user', 'auth', 'cert', 'proxy-cert']);

/** What every program is taken to mean by them. */
const ANY_PROGRAM: Readonly<{ [letter: string]: ValueOf }> = { u: 'pair', U: 'pair', H: 'header' };

/** A command line, one argument an element, without secrets. */
export function cleanArgv(argv: readonly string[], mark: Mark, depth = 0): string[] {
  let program = '';
  let expected: ValueOf | null = null;
  return argv.map((argument, at) => {
    program = programName(argument) ?? program;
    if (expected !== null && !isOption(argument, expected)) {
      const value = cleanValue(expected, argument, mark, depth);
      expected = null;
      return value;
    }
    expected = null;
    const option = readOption(argument, program);
    if (option === null) {
      if (argv[at - 1] === 'set') expected = settingKind(argument);
      return cleanArgument(argument, mark, depth);
    }
    if (option.valueAt === null) {
      expected = option.value;
      return argument;
    }
    const value = cleanValue(option.value, argument.slice(option.valueAt), mark, depth);
    return argument.slice(0, option.valueAt) + value;
  });
}

/** A text that may hold a command line, such as the argument of `sh -c` or a sentence that quotes one. */
export function cleanCommandLine(text: string, mark: Mark, depth = 0): string {
  if (depth >= MAX_NESTING) return cleanText(text, mark);
  const words = splitWords(text);
  const values = words.map((word) => word.value);
  return cleanText(joinWords(text, words, cleanArgv(values, mark, depth + 1)), mark);
}

/** `--user` and kin are also flags without a value, and then the next argument stands for itself. */
function isOption(argument: string, expected: ValueOf): boolean {
  if (expected === 'pair') return argument.startsWith('-');
  return expected !== 'command' && readLongOption(argument) !== null;
}

function programName(argument: string): string | null {
  const name = argument.slice(argument.lastIndexOf('/') + 1).replace(/^[(;&|`$]{0,4}/, '');
  return Object.hasOwn(SHORT_OPTIONS, name) ? name : null;
}

/** `aws configure set NAME value`, `npm config set //registry/:NAME value`. */
const settingKind = (name: string): RedactionKind | null =>
  name.includes('=') ? null : kindOfName(name.toLowerCase());

/** valueAt null: the value is the next argument. */
interface Option {
  readonly value: ValueOf;
  readonly valueAt: number | null;
}

function readOption(argument: string, program: string): Option | null {
  if (!argument.startsWith('-')) return null;
  if (PATTERNS.commandOption.test(argument)) return { value: 'command', valueAt: null };
  // `-pMySecret` is no option of that name where the program knows -p.
  if (SHORT_OPTIONS[program]?.[argument.charAt(1)] !== undefined)
    return readShortOption(argument, program);
  return readLongOption(argument) ?? readShortOption(argument, program);
}

function readLongOption(argument: string): Option | null {
  const found = PATTERNS.longOption.exec(argument);
  if (found === null) return null;
  const name = (found[1] ?? '').toLowerCase().replaceAll('_', '-');
  const value = valueOfOption(name);
  if (value === null) return null;
  if (found[2] === '=') return { value, valueAt: found[0].length };
  return found[0].length === argument.length ? { value, valueAt: null } : null;
}

function valueOfOption(name: string): ValueOf | null {
  if (name === 'header' || name === 'proxy-header') return 'header';
  if (PAIR_OPTIONS.has(name)) return 'pair';
  if (name === 'from-literal') return 'secret';
  // As a variable it is a directory.
  return name === 'pwd' ? 'password' : kindOfName(name);
}

function readShortOption(argument: string, program: string): Option | null {
  const cluster = program === 'curl' ? PATTERNS.curlCluster.exec(argument) : null;
  const attached = cluster?.[2] ?? argument.slice(2);
  const letter = cluster?.[1] ?? argument.charAt(1);
  const value = SHORT_OPTIONS[program]?.[letter] ?? ANY_PROGRAM[letter];
  if (value === undefined) return null;
  return { value, valueAt: attached === '' ? null : argument.length - attached.length };
}

function cleanValue(value: ValueOf, text: string, mark: Mark, depth: number): string {
  if (value === 'command') return cleanCommandLine(text, mark, depth);
  if (value === 'header') return cleanHeader(text, mark);
  if (value !== 'pair') return mark(value, text);
  return text.includes(':') ? mark('user', text) : cleanArgument(text, mark, depth);
}

/** `Name: value`, as --header takes it: here any name that smells of a credential counts. */
function cleanHeader(header: string, mark: Mark): string {
  const colon = header.indexOf(':');
  const name = header.slice(0, Math.max(colon, 0)).toLowerCase();
  const kind = kindOfName(name) ?? (/auth|session/.test(name) ? 'credential' : null);
  if (colon < 0 || kind === null) return cleanText(header, mark);
  const value = header.slice(colon + 1);
  const secret = value.trimStart();
  return header.slice(0, header.length - secret.length) + mark(kind, secret);
}

function cleanArgument(argument: string, mark: Mark, depth: number): string {
  const assigned = cleanWholeAssignment(argument, mark, depth);
  if (assigned !== null) return assigned;
  if (PATTERNS.wholeUrl.test(argument)) return cleanText(cleanUrl(argument, mark), mark);
  if (PATTERNS.blank.test(argument)) return cleanCommandLine(argument, mark, depth);
  return cleanText(cleanBareUrl(argument, mark), mark);
}

/** `NAME=value` as one argument: the value goes on to the end, blanks and all. `--env=NAME=value` is one, too. */
function cleanWholeAssignment(argument: string, mark: Mark, depth: number): string | null {
  const found = /^-{0,2}[A-Za-z0-9_.-]{1,128}=/.exec(argument)?.[0];
  if (found === undefined) return null;
  const value = argument.slice(found.length);
  const kind = kindOfName(found.slice(0, -1).toLowerCase());
  if (kind !== null) return found + mark(kind, value);
  return depth >= MAX_NESTING ? null : found + cleanArgument(value, mark, depth + 1);
}
