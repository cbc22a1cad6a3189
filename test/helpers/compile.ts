import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const SOURCES = resolve('test/triggers');
const CACHE = resolve('build/triggers');
const FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror'];

/** Path of the compiled test/triggers/<name>.c. */
export function compileTrigger(name: string): string {
  return compileProgram(join(SOURCES, `${name}.c`));
}

/**
 * Path of a compiled C program. Its first line names the libraries: `build: -lssl`. Compiled once for each content of
 * the source and of the triggers' headers; a second runner that compiles the same one does no harm.
 */
export function compileProgram(source: string): string {
  const name = basename(source, '.c');
  const text = readFileSync(source, 'utf8');
  const flags = /^\/\* build:(.*)\*\//.exec(text)?.[1]?.trim().split(/\s+/).filter(Boolean) ?? [];
  const dir = join(CACHE, digest(text, flags));
  const path = join(dir, name);
  if (existsSync(path)) return path;
  mkdirSync(dir, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  execFileSync('cc', [...FLAGS, '-o', unfinished, source, ...flags], { stdio: 'inherit' });
  renameSync(unfinished, path);
  return path;
}

function digest(text: string, flags: readonly string[]): string {
  const hash = createHash('sha256')
    .update(text)
    .update([...FLAGS, ...flags].join(' '));
  for (const header of readdirSync(SOURCES)
    .filter((file) => file.endsWith('.h'))
    .sort()) {
    hash.update(readFileSync(join(SOURCES, header)));
  }
  return hash.digest('hex').slice(0, 12);
}
