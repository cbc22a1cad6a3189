import { baseName, kindOfName, namesKind, wordsOf } from '../../process/index.js';
import type { ProgramKind } from '../../event/index.js';

/** Programs that answer to the names of others, as shells do at login and agents with tools built in. */
const ALSO_CALLED: Readonly<Partial<Record<ProgramKind, ReadonlySet<string>>>> = {
  // su(1) and login(1) at a login; nix-shell hands its own name on.
  shell: new Set(['su', 'login', 'nix-shell']),
  // Entry points and agents that are scripts of Node.
  node: new Set('npm npx yarn pnpm corepack claude codex gemini qwen opencode'.split(' ')),
  ruby: new Set(['irb', 'bundle', 'rake', 'gem']),
};

/** Programs that hold a whole interpreter beside what they are for. */
const EMBEDDERS = new Set('uwsgi gdb lldb blender freecad vim nvim godot kicad'.split(' '));

/** Words that say how a program was packaged. */
const PACKAGING = new Set(['wrapped', 'exe', 'bin', 'static', 'x', 'linux', 'gnu', 'musl', 'so']);

/** The name a word on a command line gives: without directory, login's dash and a title's colon. */
export const nameIn = (word: string): string => baseName(word).replace(/^-/, '').replace(/:$/, '');

/** Do two names share a word that means something? `.claude-wrapped` and `claude.exe` do. */
export function related(a: string, b: string): boolean {
  const words = wordsOf(b);
  return wordsOf(a).some((word) => !PACKAGING.has(word) && words.includes(word));
}

/** Is this a name that a program of this kind goes by? */
export const isNameOf = (name: string, kind: ProgramKind): boolean =>
  namesKind(name, kind) || ALSO_CALLED[kind]?.has(name) === true;

export const isEmbedder = (name: string): boolean =>
  wordsOf(name).some((word) => EMBEDDERS.has(word));

/** Sharing a kind is enough: `sh` may be a copy of `dash`. */
export function sameProgram(exe: string, twin: string): boolean {
  const kind = kindOfName(twin);
  if (kind !== null && namesKind(baseName(exe), kind)) return true;
  if (related(baseName(exe), twin)) return true;
  // An agent's own installer calls the file by its version: .../claude/versions/2.1.3
  return kind === null && exe.split('/').some((part) => related(part, twin));
}
