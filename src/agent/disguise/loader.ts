import type { ExecEvent } from '../../event/index.js';
import { baseName, invocationOf, programOf } from '../../process/index.js';
import { quoted, type Sight } from './observation.js';

const LIBRARY = /\.so(\.\d+)*$/;

/**
 * The dynamic linker was executed and told to run a program: then the kernel knows the linker only. Silent on what ldd(1)
 * does, which is to have it checked (`--verify`, `--list`) or a library loaded.
 */
export function seeLoader(event: ExecEvent): Sight | null {
  const invocation = invocationOf(event.path, event.argv);
  if (invocation?.kind !== 'loader' || invocation.source !== 'file') return null;
  const program = programOf(event.path, event.argv, event.cwd) ?? '';
  if (LIBRARY.test(program)) return null;
  const named = invocation.options.find(([option]) => option === '--argv0')?.[1];
  return {
    rule: 'agent.masquerade',
    way: 'loader',
    severity: 'low',
    summary: `${quoted(baseName(program))} was started through the dynamic linker`,
    evidence: [
      `the executed file is ${event.path}`,
      `the program is ${quoted(program)}`,
      ...(named === undefined ? [] : [`argv[0] was given as ${quoted(named)}`]),
    ],
  };
}
