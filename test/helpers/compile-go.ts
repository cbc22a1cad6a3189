import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const CACHE = resolve('build/triggers');

/** Why no Go program can be compiled here, or null when one can. */
export function whyNoGo(): string | null {
  return spawnSync('go', ['version']).status === 0 ? null : 'needs Go: scripts/install-go';
}

/**
 * Path of the program that is made of the .go files of a folder, with its name, as a list; empty where there is no Go.
 * `flags` are of `go build`. Compiled once for each content.
 */
export function compileGo(folder: string, flags: readonly string[] = []): string[] {
  if (whyNoGo() !== null) return [];
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.go'))
    .sort()
    .map((name) => join(resolve(folder), name));
  const hash = createHash('sha256').update(flags.join(' '));
  for (const source of sources) hash.update(readFileSync(source));
  const directory = join(CACHE, hash.digest('hex').slice(0, 12));
  const path = join(directory, basename(folder));
  if (existsSync(path)) return [path];
  mkdirSync(directory, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  execFileSync('go', ['build', ...flags, '-o', unfinished, ...sources], {
    stdio: 'inherit',
    env: { GOCACHE: join(resolve('build'), 'go'), ...process.env, GO111MODULE: 'off', GOFLAGS: '' },
  });
  renameSync(unfinished, path);
  return [path];
}
