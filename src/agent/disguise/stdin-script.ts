import type { ExecEvent, ProgramKind } from '../../event/index.js';
import { baseName, invocationOf, kindOfName } from '../../process/index.js';
import type { Sight } from './observation.js';

const S_IFMT = 0o170000;
const KINDS: Readonly<Record<number, string>> = {
  0o010000: 'a pipe',
  0o140000: 'a socket',
  0o100000: 'a file',
};

const STDIN = /^\/(dev\/stdin|dev\/fd\/0|proc\/(self|thread-self|\d+)\/fd\/0)$/;
const DESCRIPTOR = /^\/(dev\/fd|proc\/(self|thread-self|\d+)(\/task\/\d+)?\/fd)\/\d+$/;

/**
 * An interpreter takes its program from a pipe, a socket, a redirected file or a descriptor: no file names it. Silent on a
 * terminal, /dev/null, and standard input that is only data because a script, `-c`, `-m` or `-e` was given. Low when an
 * agent itself, not a shell, started a shell on a pipe: such shells persist over many tools.
 */
export function seeStdinScript(
  event: ExecEvent,
  kind: ProgramKind | null,
  parentExe: string,
): Sight | null {
  const invocation = invocationOf(event.path, event.argv, kind ?? kindOfName(event.path));
  if (invocation === null || invocation.kind === 'loader') return null;
  const { source, path } = invocation;
  const isFromStdin = source === 'stdin' || (path !== null && STDIN.test(path));
  const stdin = KINDS[event.stdinMode & S_IFMT];
  if (isFromStdin && stdin === undefined) return null;
  if (!isFromStdin && (path === null || !DESCRIPTOR.test(path))) return null;
  // The last words were not captured: a script may be among them.
  if (event.argvTruncated && source === 'stdin') return null;
  const isPersistent =
    isFromStdin && invocation.kind === 'shell' && stdin !== 'a file' && !isShell(parentExe);
  return {
    rule: 'exec.stdin_script',
    way: 'program',
    severity: isPersistent ? 'low' : 'medium',
    summary: `${baseName(event.path)} runs a program that no file names`,
    evidence: [
      isFromStdin
        ? `its program comes from standard input, which is ${stdin ?? ''}`
        : `its program comes from the descriptor ${path ?? ''}`,
      ...(isPersistent ? ['started by no shell: it may take one tool after the other'] : []),
    ],
  };
}

const isShell = (exe: string): boolean => {
  const kind = kindOfName(exe);
  return exe === '' || kind === 'shell' || kind === 'busybox';
};
