import type { ExecEvent, ProgramKind } from '../../event/index.js';
import { baseName, kindOfName, programOf } from '../../process/index.js';
import { isNameOf, nameIn, related } from './names.js';
import { quoted, type Sight } from './observation.js';
import { isBracketed, looksLikeKernelThread, systemNameIn } from './system-names.js';

/**
 * argv[0] at exec claims another program. What an interpreter is called besides its name says nothing: links to it, a
 * login shell, the script it runs. Agents answer to the names of tools built into them, so of other programs only the
 * name of a system program or a kernel thread is a disguise. busybox finds its applet by argv[0] and cannot lie.
 */
export function seeArgv0(event: ExecEvent, kind: ProgramKind | null): Sight | null {
  const [argv0 = ''] = event.argv;
  const name = nameIn(argv0);
  const file = baseName(event.path);
  if (name === '' || name === file || related(name, file)) return null;
  if (isBracketed(argv0) || looksLikeKernelThread(argv0))
    return sight(event, argv0, 'high', 'a kernel thread');
  const known = kind ?? kindOfName(file);
  if (known === 'busybox' || known === 'loader') return null;
  const isAgent = AGENT_PATH.test(event.path);
  if (known === null && !isAgent) return null;
  if (known !== null && isNameOf(name, known)) return null;
  const script = programOf(event.path, event.argv, event.cwd);
  if (script !== null && related(name, script)) return null;
  const system = systemNameIn(argv0);
  if (system !== null) return sight(event, argv0, 'high', `the system program ${system}`);
  return isAgent ? null : sight(event, argv0, 'medium', 'another program');
}

/** Agents that are programs of their own, as packages and the native installer of Claude Code name them. */
const AGENT_PATH = /\/(\.?(claude|codex|opencode)(\.exe|-wrapped)?|claude\/versions\/[^/]+)$/;

function sight(
  event: ExecEvent,
  argv0: string,
  severity: Sight['severity'],
  claims: string,
): Sight {
  return {
    rule: 'agent.masquerade',
    way: 'argv0',
    severity,
    summary: `${baseName(event.path)} was started under the name ${quoted(argv0)}`,
    evidence: [
      `argv[0] is ${quoted(argv0)}, which claims ${claims}`,
      `the executed file is ${event.path}`,
    ],
  };
}
