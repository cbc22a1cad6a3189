import { invocationOf, kindOfName, programOf } from '../process/index.js';
import { basename } from './paths.js';

/** What a process runs, as far as its executed file and its arguments tell. */
export interface Running {
  /** The executed file; when that is the dynamic linker, the program it was told to load. */
  readonly exe: string;
  /** Arguments as that file gets them. */
  readonly argv: readonly string[];
  /** The script an interpreter runs; empty: none, or it is no interpreter. */
  readonly script: string;
  /** The module `python -m` runs; empty: none. */
  readonly module: string;
  /** The first argument of the program, script or module; empty: none. */
  readonly command: string;
}

/** An image somewhere up the line: its working directory was not kept. */
export interface Image {
  readonly exe: string;
  readonly argv: readonly string[];
}

/** The real file names behind ld.so(8), as glibc and musl install them. */
export const LINKERS = [
  'ld-linux-x86-64.so.2',
  'ld-linux-aarch64.so.1',
  'ld-linux.so.2',
  'ld-musl-x86_64.so.1',
  'ld-musl-aarch64.so.1',
] as const;

const versions = (name: string, major: number, from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${name}${major}.${from + i}`);

/** File names of Python interpreters; the kernel compares whole names. */
export const PYTHONS: readonly string[] = [
  ...['python', 'python3', 'python2.7'],
  ...versions('python', 3, 6, 17),
  ...['python3.13t', 'python3.14t', 'python3.15t'],
  ...['pypy', 'pypy3'],
  ...versions('pypy', 3, 9, 12),
];

/** File names of programs that run JavaScript. */
export const NODES: readonly string[] = ['node', 'nodejs', 'bun'];

/**
 * Interpreters a home-made agent may be written for. Perl, PHP and the shells are left out: half of the system's own
 * scripts and every web server are theirs.
 */
export const INTERPRETERS: readonly string[] = [
  ...PYTHONS,
  ...NODES,
  ...['deno', 'java', 'ruby'],
  ...versions('ruby', 2, 5, 7),
  ...versions('ruby', 3, 0, 5),
];
const KINDS: ReadonlySet<string> = new Set(['python', 'node', 'bun', 'deno', 'ruby']);

export const isInterpreter = (exe: string): boolean =>
  basename(exe) === 'java' || KINDS.has(kindOfName(exe) ?? '');

/** `cwd`: for scripts named relative to it; empty: not known. */
export function runningOf(exe: string, argv: readonly string[], cwd: string): Running {
  if (kindOfName(exe) !== 'loader') return runs(exe, argv, cwd);
  const written = invocationOf(exe, argv)?.path;
  const program = programOf(exe, argv, cwd);
  const at = argv.findIndex((argument, i) => i > 0 && argument === written);
  return program === null || at < 0
    ? runs(exe, argv, cwd)
    : runs(absolute(program), argv.slice(at), cwd);
}

export const runningAbove = ({ exe, argv }: Image): Running => runningOf(exe, argv, '');

function runs(exe: string, argv: readonly string[], cwd: string): Running {
  const invocation = invocationOf(exe, argv);
  if (invocation === null) return { exe, argv, script: '', module: '', command: argv[1] ?? '' };
  const { path, source, kind } = invocation;
  const module = kind === 'python' && source === 'inline' ? moduleOf(argv) : '';
  const script = source === 'file' ? programOf(exe, argv, cwd) : null;
  const at = argv.findIndex(
    (one, i) => i > 0 && (one === path || (module !== '' && one.endsWith(module))),
  );
  const command = at < 0 ? '' : (argv[at + 1] ?? '');
  return { exe, argv, script: script === null ? '' : absolute(script), module, command };
}

/** Without a working directory a relative name is still the end of a path. */
const absolute = (path: string): string => (path.startsWith('/') ? path : `/${path}`);

/** What `python -m` runs; its options may be joined (`-Im pkg`, `-mpkg`). Empty: `-c`, or nothing. */
function moduleOf(argv: readonly string[]): string {
  for (let i = 1; i < argv.length; i += 1) {
    const argument = argv[i] ?? '';
    if (!argument.startsWith('-')) return '';
    if (argument === '--check-hash-based-pycs') i += 1;
    if (argument.startsWith('--')) continue;
    // The first of these letters takes what follows it, or the next argument.
    const at = argument.search(/[cmWXQ]/);
    const letter = at < 0 ? '' : argument[at];
    const rest = at < 0 ? '' : argument.slice(at + 1);
    if (letter === 'c') return '';
    if (letter === 'm') return rest === '' ? (argv[i + 1] ?? '') : rest;
    if (letter !== '' && rest === '') i += 1;
  }
  return '';
}
