import { baseName } from '../../process/index.js';
import { related } from './names.js';
import { quoted, type Sight } from './observation.js';
import { systemNameIn } from './system-names.js';

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
