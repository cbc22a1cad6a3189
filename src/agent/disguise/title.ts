import type { ProcessFact } from '../../event/index.js';
import { baseName, programOf } from '../../process/index.js';
import { related } from './names.js';
import { quoted, type Sight } from './observation.js';
import type { Known } from './process-book.js';
import { systemNameIn } from './system-names.js';

const COMM_BYTES = 15;

/** What a process runs, as far as it is known; empty: not. */
export interface Running {
  readonly exe: string;
  /** Of an interpreter. */
  readonly program: string | null;
}

/**
 * A process calls itself a system program or kernel thread that its executable is not. Any other title is its own
 * business: `gemini`, `npm install`, `worker 3`.
 */
export function seeTitle(
  text: string,
  where: 'comm' | 'argv',
  { exe, program }: Running,
): Sight | null {
  const claimed = systemNameIn(text);
  if (claimed === null || exe === '') return null;
  if (related(claimed, baseName(exe)) || (program !== null && related(claimed, program)))
    return null;
  const how = where === 'comm' ? 'its name (comm)' : 'its command line';
  return {
    rule: 'agent.masquerade',
    way: where === 'comm' ? 'comm' : 'title',
    severity: 'high',
    summary: `${baseName(exe)} calls itself ${quoted(text)}`,
    evidence: [
      `it set ${how} to ${quoted(text)}, the name of a system program or kernel thread`,
      `its executable is ${exe}`,
      ...(program === null ? [] : [`it runs ${program}`]),
    ],
  };
}

/** `now`: what it runs. */
export const running = ({ exe, argv, cwd }: Known, now = exe): Running => ({
  exe: now,
  program: programOf(exe, argv, cwd),
});

/** What it calls itself when it is looked at, and what it did before its executable was known. */
export function seeTitles(known: Known, fact: ProcessFact): readonly (Sight | null)[] {
  const now = running(known, known.exe === '' ? (fact.exe ?? '') : known.exe);
  const { comm = '', argv: [title = ''] = [] } = fact;
  const [then = ''] = known.argv;
  const isOld = comm === then.slice(then.lastIndexOf('/') + 1).slice(0, COMM_BYTES);
  return [
    known.claimed === null ? null : seeTitle(known.claimed, 'comm', now),
    isOld ? null : seeTitle(comm, 'comm', now),
    title === then ? null : seeTitle(title, 'argv', now),
  ];
}
