import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Resolution } from '../resolve/index.js';
import { readLines, writeLines } from './line-file.js';

const FILES_MAX = 256;

type Entry = readonly [version: string, resolution: Resolution];

/**
 * What large files hold, and those with a stack, over restarts: looking into the largest agent takes most of a second, in
 * which it is not read, and into the libraries that every start looks into a tenth of one. By the version of the file,
 * which nobody but root can forge, and not by its build id, which anybody can write into a file.
 */
export class Resolutions {
  readonly #path: string;
  readonly #build: string;
  readonly #entries: Map<string, Resolution>;

  /** `build`: names the code that resolves; answers of another are not kept. */
  constructor(stateDir: string, build = buildOf(['resolve', 'elf', 'elf/x86'])) {
    this.#path = join(stateDir, 'resolved-files');
    this.#build = build;
    this.#entries = new Map(readEntries(this.#path, build).slice(-FILES_MAX));
  }

  get known(): readonly Entry[] {
    return [...this.#entries];
  }

  keep(version: string, resolution: Resolution): void {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= FILES_MAX) this.#entries.delete(oldest);
    this.#entries.set(version, resolution);
    const lines = [...this.#entries].map((entry) => JSON.stringify(entry));
    writeLines(this.#path, [this.#build, ...lines]);
  }
}

/** None where there is no such file, or one of another build. */
function readEntries(path: string, build: string): Entry[] {
  const [of, ...lines] = readLines(path);
  try {
    return of === build ? lines.filter((line) => line !== '').map(parseEntry) : [];
  } catch {
    return [];
  }
}

/** Throws for what this class did not write. */
function parseEntry(line: string): Entry {
  const entry = JSON.parse(line) as Entry;
  const [version, resolution] = entry;
  const isWhole = resolution.ok ? Array.isArray(resolution.found) : resolution.reason.length > 0;
  if (typeof version !== 'string' || !isWhole) throw new Error('not an entry');
  return entry;
}

/** A digest of the compiled code in these rooms. */
function buildOf(rooms: readonly string[]): string {
  const hash = createHash('sha256');
  for (const room of rooms) {
    const dir = fileURLToPath(new URL(`../${room}/`, import.meta.url));
    for (const name of readdirSync(dir).sort()) {
      if (/\.[jt]s$/.test(name)) hash.update(readFileSync(join(dir, name)));
    }
  }
  return hash.digest('hex');
}
