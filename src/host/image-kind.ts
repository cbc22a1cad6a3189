import type { ProgramReport, ProgramWanted } from '../elf/index.js';
import type { ProgramKind } from '../event/index.js';

interface Mark {
  readonly kind: ProgramKind;
  /** All of these are defined. */
  readonly exports: readonly string[];
  /** Or all of these are taken from the interpreter's library, as launchers do. */
  readonly imports?: readonly string[];
  /** A larger program only embeds the interpreter. */
  readonly maxBytes?: number;
}

/**
 * What tells an interpreter from a program that embeds one. Electron and Bun export `napi_*` as well, but neither has
 * OpenSSL's names beside `node::Start`; Bun and Deno give every program they compile their own symbols, so they are told
 * by their twin only.
 */
const MARKS: readonly Mark[] = [
  {
    kind: 'python',
    exports: ['Py_BytesMain', 'Py_RunMain'],
    imports: ['Py_BytesMain'],
  },
  {
    kind: 'node',
    exports: ['napi_create_function', '_ZN4node5StartEiPPc', 'SSL_CTX_set_ciphersuites'],
    imports: ['_ZN4node5StartEiPPc'],
  },
  { kind: 'perl', exports: ['perl_run', 'perl_alloc', 'Perl_newSV'] },
  {
    kind: 'ruby',
    exports: ['ruby_run_node', 'ruby_options'],
    imports: ['ruby_run_node', 'ruby_options'],
  },
  { kind: 'php', exports: ['php_module_startup', 'php_execute_script'] },
  // Databases and editors export a Lua of their own, and are far larger.
  { kind: 'lua', exports: ['luaL_newstate', 'lua_newuserdata'], maxBytes: 1024 * 1024 },
  { kind: 'lua', exports: ['luaL_newstate', 'lua_newuserdatauv'], maxBytes: 1024 * 1024 },
  // Bash, for the builtins it can load. Other shells are told by their twin.
  { kind: 'shell', exports: ['find_shell_builtin', 'execute_command'] },
  { kind: 'loader', exports: ['_dl_allocate_tls', '_dl_debug_state'] },
];

/** Owner of the note that makes a copy of Node a program of its own (single executable application). */
const SINGLE_EXECUTABLE = 'NODE_SEA_BLOB';

export const WANTED: ProgramWanted = {
  exports: [...new Set(MARKS.flatMap((mark) => mark.exports))],
  imports: [...new Set(MARKS.flatMap((mark) => mark.imports ?? []))],
  notes: [SINGLE_EXECUTABLE],
};

export const isOwnProgram = ({ notes }: ProgramReport): boolean => notes.has(SINGLE_EXECUTABLE);

/** null: no interpreter by its symbols. */
export function kindBySymbols(report: ProgramReport, size: number): ProgramKind | null {
  const fits = ({ exports, imports, maxBytes = Infinity }: Mark): boolean =>
    size <= maxBytes &&
    (exports.every((name) => report.exports.has(name)) ||
      imports?.every((name) => report.imports.has(name)) === true);
  return MARKS.find(fits)?.kind ?? null;
}
