import type { ProgramKind } from '../event/index.js';

/** What programs of each kind are called, without versions: by packages, by links to them and at login. */
const NAMES: Readonly<Record<ProgramKind, readonly string[]>> = {
  python: ['python', 'pythonw', 'pypy', 'cpython'],
  node: ['node', 'nodejs', 'iojs', 'js'],
  bun: ['bun', 'bunx'],
  deno: ['deno', 'denort'],
  perl: ['perl', 'suidperl'],
  ruby: ['ruby', 'jruby', 'truffleruby', 'mruby'],
  php: ['php'],
  lua: ['lua', 'luajit', 'texlua'],
  shell:
    'sh bash rbash dash ash hush zsh rzsh ksh rksh mksh lksh pdksh oksh fish csh tcsh yash posh'.split(
      ' ',
    ),
  busybox: ['busybox', 'toybox'],
  loader: ['ld'],
};
const KINDS = Object.keys(NAMES) as ProgramKind[];

/** What packagers put behind a name and its version. */
const SUFFIX =
  /[-.](wrapped|static|dbg|debug|real|bin|exe|profile|venv|intel64|cli|[a-z0-9_]+-linux-(gnu|musl)[a-z0-9]*)$/;
const VERSION = /[-.]?v?\d[\w.]*$/;
const LOADER = /^ld(-[\w.-]+)?\.so(\.\d+)*$|^ld-\d[\d.]*\.so$/;
const SCRIPT = /\.(sh|bash|py|js|mjs|cjs|ts|pl|rb|php|lua)$/;

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * The kind of interpreter that a file of this name is; null: none. `python3.11`, `.node-wrapped`, `-bash` and
 * `perl5.36-x86_64-linux-gnu` are; `node-gyp`, `python3-config`, `php-fpm8.2` and `run.sh` are not.
 */
export function kindOfName(name: string): ProgramKind | null {
  const base = baseName(name);
  const known = KINDS_KNOWN.get(base);
  if (known !== undefined) return known;
  const kind = readKind(base);
  if (KINDS_KNOWN.size >= KINDS_KNOWN_MAX) KINDS_KNOWN.clear();
  KINDS_KNOWN.set(base, kind);
  return kind;
}

/** The same few programs are executed again and again. */
const KINDS_KNOWN = new Map<string, ProgramKind | null>();
const KINDS_KNOWN_MAX = 4096;

function readKind(base: string): ProgramKind | null {
  let stem = base.toLowerCase().replace(/^[.-]/, '');
  if (LOADER.test(stem)) return 'loader';
  for (let cut = 0; cut < 3; cut += 1) stem = stem.replace(SUFFIX, '');
  if (SCRIPT.test(stem)) return null;
  const bare = stem.replace(VERSION, '');
  return (
    KINDS.find((kind) => kind !== 'loader' && (isOne(kind, stem) || isOne(kind, bare))) ?? null
  );
}

const isOne = (kind: ProgramKind, name: string): boolean => NAMES[kind].includes(name);

/** The words of a name in lower case, without numbers and the ending of a script. */
export const wordsOf = (name: string): readonly string[] =>
  baseName(name)
    .toLowerCase()
    .replace(SCRIPT, '')
    .split(/[^a-z]+/)
    .filter((word) => word.length > 0);

/** More generous than `kindOfName`: any word of the name will do, for who says what it is does not hide it. */
export function namesKind(name: string, kind: ProgramKind): boolean {
  const words = wordsOf(name);
  if (kind === 'loader') return LOADER.test(baseName(name)) || words.includes('libc');
  if (kind === 'php') return words.some((word) => word.includes('php'));
  return words.some((word) => isOne(kind, word));
}
