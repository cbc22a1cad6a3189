import { invocationOf } from './invocation.js';

/** What Deno and Bun run from elsewhere. */
const URL_LIKE = /^(https?|npm|jsr|node|file):/;

/**
 * The script or program that `exe` runs, where it is an interpreter, a shell or the dynamic linker, resolved against
 * `cwd` and normalised as text: no link is followed. null: it is none of these, or its program has no name (standard
 * input, `-c`, a module).
 */
export function programOf(exe: string, argv: readonly string[], cwd: string): string | null {
  const invocation = invocationOf(exe, argv);
  if (invocation?.path === null || invocation?.source !== 'file') return null;
  return URL_LIKE.test(invocation.path) ? invocation.path : resolvePath(invocation.path, cwd);
}

/** A path below `cwd` without `.`, `..` and doubled slashes. Without a `cwd` a relative path stays relative. */
export function resolvePath(path: string, cwd: string): string {
  const whole = path.startsWith('/') || cwd === '' ? path : `${cwd}/${path}`;
  const isAbsolute = whole.startsWith('/');
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue;
    const last = parts.at(-1);
    if (part !== '..') parts.push(part);
    else if (last !== undefined && last !== '..') parts.pop();
    else if (!isAbsolute) parts.push(part);
  }
  return isAbsolute ? `/${parts.join('/')}` : parts.join('/');
}
