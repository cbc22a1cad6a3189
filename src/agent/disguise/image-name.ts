import type { ImageFact, ProgramKind } from '../../event/index.js';
import { baseName, namesKind } from '../../process/index.js';
import { isEmbedder, nameIn, sameProgram } from './names.js';
import { quoted, type Sight } from './observation.js';

export interface Named {
  readonly exe: string;
  readonly argv: readonly string[];
}

/**
 * The file holds an interpreter, shell or agent and is called something else. A version, a suffix or a second link with a
 * name of that kind is none; busybox is called after its applets, and is disguised only when it runs as another one.
 */
export function seeImageName({ exe, argv }: Named, fact: ImageFact): Sight | null {
  const name = baseName(exe);
  if (fact.gone || name === '') return null;
  const kind = fact.kind ?? null;
  const twin = fact.twin ?? null;
  const isOther = kind !== null && !isOwnName(name, argv, kind);
  const isTwin = twin !== null && kind === null && !sameProgram(exe, twin);
  if (!isOther && !isTwin) return null;
  const what = kind ?? baseName(twin ?? '');
  return {
    rule: 'agent.masquerade',
    way: 'image',
    // Without a twin it is told by the functions it has, and a program may bring an interpreter along.
    severity: twin === null ? 'medium' : 'high',
    summary: `${quoted(name)} is ${what} under another name`,
    evidence: [
      `the executed file is ${exe}`,
      ...(kind === null ? [] : [`by its content it is an interpreter: ${kind}`]),
      ...(twin === null ? [] : [`its content is that of ${twin}`]),
      ...(fact.buildId === undefined || fact.buildId === '' ? [] : [`build id ${fact.buildId}`]),
    ],
  };
}

function isOwnName(name: string, argv: readonly string[], kind: ProgramKind): boolean {
  if (namesKind(name, kind) || isEmbedder(name)) return true;
  if (kind !== 'busybox') return false;
  return namesKind(name, 'shell') || nameIn(argv[0] ?? '') === name;
}
