import { closeSync, realpathSync } from 'node:fs';
import type { ProcessKey, StacksFact, TlsStack } from '../event/index.js';
import type { Resolution } from '../resolve/index.js';
import { openExactly, openRegular, type OpenFile, type OpenResult } from './files.js';
import { AGENTS, searchPath } from './installed.js';
import { libraryDirs } from './libraries.js';
import { MappedVersions } from './mapped-versions.js';
import { readMaps, type Mapping } from './maps.js';
import { executablePath } from './process-fact.js';
import { isAlive, procPath, whileAlive } from './procfs.js';
import { Findings } from './stack-findings.js';
import type { Resolver } from './resolver.js';

const LIBRARIES = ['libssl.so.3', 'libssl.so.1.1', 'libgnutls.so.30', 'libssl3.so'] as const;
/** Programs that hold a TLS stack of their own: what agents are written for, and agents. */
const PROGRAMS = ['node', 'nodejs', 'bun', 'deno', ...AGENTS];

/** A process with more is told of as many. */
const FILES_MAX = 512;

/** The TLS stacks in the files a process has mapped, whatever these are called. */
export class Stacks {
  readonly #resolver: Resolver;
  readonly #later: (fact: StacksFact) => void;
  readonly #versions = new MappedVersions();

  /** `later`: is given the whole answer once files that had to be looked into are known. */
  constructor(resolver: Resolver, later: (fact: StacksFact) => void) {
    this.#resolver = resolver;
    this.#later = later;
  }

  /** Looks into what is installed before the first agent needs it, so that this one is read from its first byte. */
  warm(): void {
    new Stacks(this.#resolver, () => undefined).ofSystem();
  }

  /** A file was written over in place: what mappings hold is to be seen anew. */
  forgetVersions(): void {
    this.#versions.clear();
  }

  /** Of a process: what is known at once. `pending`: the whole answer comes later. */
  ofProcess(key: ProcessKey): StacksFact {
    const fact = whileAlive(key, () => this.#look(key));
    return fact ?? { fact: 'stacks', key, gone: true, stacks: [], pending: false, unreadable: [] };
  }

  /**
   * Of what is installed: the libraries in the dynamic linker's directories, looked into at once, and programs on the
   * search path.
   */
  ofSystem(): StacksFact {
    const findings = new Findings(null);
    for (const path of installed(libraryDirs(), LIBRARIES)) {
      const opened = openRegular(path);
      if (opened.ok) {
        findings.add(opened.file.id, path, this.#resolver.now(opened.file));
        closeSync(opened.file.fd);
      } else findings.unreadable(path, opened.reason);
    }
    for (const path of installed(searchPath(), PROGRAMS)) {
      this.#open(findings, path, openRegular(path));
    }
    return findings.fact();
  }

  #look(key: ProcessKey): StacksFact {
    const { tgid } = key;
    const findings = new Findings(key);
    const mappings = (readMaps(tgid) ?? []).slice(0, FILES_MAX);
    for (const mapping of mappings) this.#take(findings, tgid, mapping);
    // Where it may not be looked at, or runs without mapping anything, there is still its executable.
    if (mappings.length === 0) {
      this.#open(findings, executablePath(tgid, null) ?? '', openRegular(procPath(tgid, 'exe')));
    }
    return findings.fact();
  }

  #take(findings: Findings, tgid: number, mapping: Mapping): void {
    const seen = this.#versions.get(mapping.file);
    const known = seen === null ? null : this.#resolver.known(seen);
    if (seen !== null && known !== null) {
      findings.add(seen.id, mapping.path, known);
      return;
    }
    const opened = openMapping(tgid, mapping);
    if (opened.ok) this.#versions.set(mapping.file, opened.file);
    this.#open(findings, mapping.path, opened);
  }

  #open(findings: Findings, path: string, opened: OpenResult): void {
    if (!opened.ok) {
      findings.unopened(path, opened.reason);
      return;
    }
    const { file } = opened;
    const known = this.#resolver.known(file);
    if (known !== null) {
      closeSync(file.fd);
      findings.add(file.id, path, known);
      return;
    }
    this.#ask(findings, path, file);
  }

  #ask(findings: Findings, path: string, file: OpenFile): void {
    const close = (): void => {
      closeSync(file.fd);
    };
    findings.waits();
    const done = (resolution: Resolution): void => {
      if (findings.answered(file.id, path, resolution)) this.#later(findings.fact());
    };
    if (this.#resolver.later(file, close, done)) return;
    close();
    findings.notAsked(path);
  }
}

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

/** The files of these names, each once. */
const installed = (dirs: readonly string[], names: readonly string[]): Set<string> =>
  new Set(dirs.flatMap((dir) => names.flatMap((name) => realPath(`${dir}/${name}`) ?? [])));

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
