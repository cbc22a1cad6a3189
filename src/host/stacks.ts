import { closeSync, realpathSync } from 'node:fs';
import type { ProbeSites, ProcessKey, StacksFact, TlsStack } from '../event/index.js';
import { fileIdText } from '../event/index.js';
import { openExactly, openRegular } from './files.js';
import type { OpenFile, OpenResult } from './files.js';
import { libraryDirs } from './libraries.js';
import { readMaps } from './maps.js';
import type { Mapping } from './maps.js';
import { executablePath } from './process-fact.js';
import { isAlive, procPath, whileAlive } from './procfs.js';
import type { SiteFinder } from './sites.js';

const SYSTEM_NAMES = ['libssl.so.3', 'libssl.so.1.1'] as const;

/** libssl.so.3, and libssl-1a2b3c.so.1.1 as Python wheels carry it. */
const LIBRARY = /\/libssl(-[0-9a-f]+)?\.so[^/]*$/;

/** Collects the stacks of one answer, each file once. */
class Findings {
  readonly #stacks = new Map<string, TlsStack>();
  readonly #unreadable: { path: string; reason: string }[] = [];

  constructor(private readonly finder: SiteFinder) {}

  /** `expected`: by its name this must be a TLS stack, so that not finding one is worth saying. Closes the file. */
  take(opened: OpenResult, path: string, expected: boolean): void {
    if (!opened.ok) {
      if (expected) this.#unreadable.push({ path, reason: opened.reason });
      return;
    }
    const { file } = opened;
    const found = this.finder.find(file);
    closeSync(file.fd);
    if (found.ok) this.#stacks.set(fileIdText(file.id), stackOf(file, path, found.sites));
    else if (expected) this.#unreadable.push({ path, reason: found.reason });
  }

  fact(key: ProcessKey | null): StacksFact {
    return {
      fact: 'stacks',
      key,
      gone: false,
      stacks: [...this.#stacks.values()],
      unreadable: this.#unreadable,
    };
  }
}

const stackOf = (file: OpenFile, path: string, sites: ProbeSites): TlsStack => ({
  file: file.id,
  path,
  library: 'openssl',
  sites,
});

/** The TLS stacks a process has mapped: its own executable, and libraries that are called one. */
export const processStacks = (key: ProcessKey, finder: SiteFinder): StacksFact => {
  const fact = whileAlive(key, () => {
    const findings = new Findings(finder);
    const { tgid } = key;
    findings.take(openRegular(procPath(tgid, 'exe')), executablePath(tgid, null) ?? '', false);
    for (const mapping of readMaps(tgid) ?? []) {
      if (LIBRARY.test(mapping.path)) findings.take(openMapping(tgid, mapping), mapping.path, true);
    }
    return findings.fact(key);
  });
  return fact ?? { fact: 'stacks', key, gone: true, stacks: [], unreadable: [] };
};

/** Through the mapping itself; by name inside the process's root only where that is not allowed. */
const openMapping = (tgid: number, mapping: Mapping): OpenResult => {
  const direct = openRegular(procPath(tgid, `map_files/${mapping.range}`));
  if (direct.ok) return direct;
  const named = openRegular(procPath(tgid, `root${mapping.path}`));
  if (!named.ok) return direct;
  if (named.file.id.inode === mapping.inode) return named;
  closeSync(named.file.fd);
  return { ok: false, reason: 'another file has its name now' };
};

/** The TLS libraries in the directories of the dynamic linker. */
export const systemStacks = (finder: SiteFinder): StacksFact => {
  const findings = new Findings(finder);
  for (const dir of libraryDirs()) {
    for (const name of SYSTEM_NAMES) {
      const path = realPath(`${dir}/${name}`);
      if (path !== null) findings.take(openRegular(path), path, true);
    }
  }
  return findings.fact(null);
};

const realPath = (path: string): string | null => {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
};

/** A descriptor of exactly that file, or null. The caller closes. */
export const openStack = (stack: TlsStack, through: ProcessKey | null): number | null =>
  through === null ? openExactly(stack.path, stack.file) : openThrough(stack, through);

/** Device and inode decide; that the process is still the one asked about only saves the search. */
const openThrough = (stack: TlsStack, through: ProcessKey): number | null => {
  if (!isAlive(through)) return null;
  const { tgid } = through;
  const executable = openExactly(procPath(tgid, 'exe'), stack.file);
  if (executable !== null) return executable;
  for (const mapping of readMaps(tgid) ?? []) {
    if (mapping.inode !== stack.file.inode) continue;
    const mapped = openExactly(procPath(tgid, `map_files/${mapping.range}`), stack.file);
    if (mapped !== null) return mapped;
  }
  return openExactly(procPath(tgid, `root${stack.path}`), stack.file);
};
