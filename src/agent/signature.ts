import { globMatches } from '../event/index.js';
import { exeMatches } from './paths.js';
import { type Running, runningAbove, type Image } from './running.js';

/** One way to know a program. `comm` is never one: any process may call itself anything. All that is given must match. */
export interface Mark {
  /** Globs for the executed file. */
  readonly exe: readonly string[];
  /** Globs for the script an interpreter runs. */
  readonly script?: readonly string[];
  /** Globs for the module `python -m` runs. */
  readonly module?: readonly string[];
  /** The argument after the program, script or module. */
  readonly command?: readonly string[];
  /** Globs for the command line, joined by spaces. */
  readonly line?: readonly string[];
  /** What this mark is evidence of. */
  readonly says: string;
}

/**
 * `agent`: decides by itself what to run. `framework`: a program that runs somebody's agents. `model-server`: answers
 * prompts, and acts for nobody. `mcp-server`: a tool of the agent that started it, never an agent of its own.
 */
export type SignatureKind = 'agent' | 'framework' | 'model-server' | 'mcp-server';

/** A known program. */
export interface Signature {
  /** Display name. */
  readonly name: string;
  readonly kind: SignatureKind;
  /** It was run and recognised so. */
  readonly verified: boolean;
  /** What the marks are built on, one observation or source a line. */
  readonly evidence: readonly string[];
  readonly marks: readonly Mark[];
  /** Names of executed files, and of the directories they lie in, that the kernel must ask about. */
  readonly basenames: readonly string[];
  readonly parents: readonly string[];
}

export interface Found {
  readonly name: string;
  readonly kind: SignatureKind;
  readonly evidence: string;
}

/** Paths of the links that package managers put to a program of that name. */
export const linksTo = (name: string): readonly string[] => [`*/bin/${name}`, `*/.bin/${name}`];

/** The evidence, or null when the program is another. */
export function recognise({ marks }: Signature, running: Running): string | null {
  for (const mark of marks) {
    const seen = markSeen(mark, running);
    if (seen !== null) return `${mark.says}: ${seen}`;
  }
  return null;
}

/** The first of these that knows the program. */
export function findSignature(signatures: readonly Signature[], running: Running): Found | null {
  for (const signature of signaturesOf(signatures, running.exe)) {
    const evidence = recognise(signature, running);
    if (evidence !== null) return { name: signature.name, kind: signature.kind, evidence };
  }
  return null;
}

/** The name of the program an image up the line is; null: none of these. */
export const nameOfImage = (signatures: readonly Signature[], image: Image): string | null =>
  findSignature(signatures, runningAbove(image))?.name ?? null;

/** Of each list, which of it may know a file: the same few files are executed again and again. */
const BY_FILE = new WeakMap<readonly Signature[], Map<string, readonly Signature[]>>();
const FILES_MAX = 1024;

function signaturesOf(signatures: readonly Signature[], exe: string): readonly Signature[] {
  const byFile = BY_FILE.get(signatures) ?? new Map<string, readonly Signature[]>();
  BY_FILE.set(signatures, byFile);
  const known = byFile.get(exe);
  if (known !== undefined) return known;
  const found = signatures.filter(({ marks }) =>
    marks.some((mark) => mark.exe.some((glob) => exeMatches(glob, exe))),
  );
  if (byFile.size >= FILES_MAX) byFile.clear();
  byFile.set(exe, found);
  return found;
}

function markSeen(mark: Mark, { exe, argv, script, module, command }: Running): string | null {
  if (!mark.exe.some((glob) => exeMatches(glob, exe))) return null;
  if (!fits(mark.script, script) || !fits(mark.module, module)) return null;
  if (!fits(mark.command, command)) return null;
  if (mark.line !== undefined && !fits(mark.line, argv.join(' '))) return null;
  if (mark.script !== undefined) return script;
  return mark.module === undefined ? exe : `-m ${module}`;
}

/** What is not asked for fits; what is not there never does. */
const fits = (globs: readonly string[] | undefined, text: string): boolean =>
  globs === undefined || (text !== '' && globs.some((glob) => globMatches(glob, text)));
