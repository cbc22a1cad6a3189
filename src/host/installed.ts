import { closeSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { imageIdText, type ProgramKind } from '../event/index.js';
import { kindOfName } from '../process/index.js';
import { imageIdOf } from './file-identity.js';
import { openRegular, type OpenFile } from './files.js';

/** Known agents that are programs of their own, and not scripts. */
export const AGENTS: ReadonlySet<string> = new Set(['claude', 'claude.exe', 'codex', 'opencode']);
const SYSTEM_DIRS = ['/usr/bin', '/bin', '/usr/local/bin'];

const DIRS_MAX = 64;
const NAMES_MAX = 16_384;
const PROGRAMS_MAX = 512;
const CONTENTS_MAX = 4096;

/** An interpreter, shell or agent that this host installed. */
export interface Installed {
  readonly path: string;
  /** By its name; null: an agent. */
  readonly kind: ProgramKind | null;
}

export type ContentOf = (file: OpenFile) => string | null;

/**
 * Installed interpreters and agents by their content, from the directories they are put into. Built at the first
 * question, and again for a directory whose modification time is another. At most 64 directories and 512 programs.
 */
export class InstalledPrograms {
  readonly #dirs: readonly string[];
  readonly #contentOf: ContentOf;
  readonly #seen = new Map<string, { changedNs: bigint; found: Map<string, Installed[]> }>();
  /** By image: a directory that changed holds mostly what it held. */
  readonly #contents = new Map<string, string | null>();

  constructor(contentOf: ContentOf, dirs: readonly string[] = searchPath()) {
    this.#contentOf = contentOf;
    this.#dirs = [...new Set(dirs.slice(0, DIRS_MAX).map(resolved))];
  }

  /** Those of the same content, in the order of the directories. */
  withContent(content: string): readonly Installed[] {
    return this.#dirs.flatMap((dir) => this.#dir(dir)?.get(content) ?? []);
  }

  #dir(dir: string): Map<string, Installed[]> | null {
    const changedNs = changed(dir);
    if (changedNs === null) {
      this.#seen.delete(dir);
      return null;
    }
    const known = this.#seen.get(dir);
    if (known?.changedNs === changedNs) return known.found;
    const found = this.#read(dir);
    this.#seen.set(dir, { changedNs, found });
    return found;
  }

  #read(dir: string): Map<string, Installed[]> {
    const found = new Map<string, Installed[]>();
    const names = list(dir).filter((name) => AGENTS.has(name) || kindOfName(name) !== null);
    for (const name of names.slice(0, PROGRAMS_MAX)) {
      const path = `${dir}/${name}`;
      const content = this.#content(path);
      if (content === null) continue;
      const same = found.get(content) ?? [];
      found.set(content, [...same, { path, kind: kindOfName(name) }]);
    }
    return found;
  }

  #content(path: string): string | null {
    const id = programId(path);
    if (id === null) return null;
    const known = this.#contents.get(id);
    if (known !== undefined) return known;
    const content = this.#open(path);
    const [oldest] = this.#contents.keys();
    if (oldest !== undefined && this.#contents.size >= CONTENTS_MAX) this.#contents.delete(oldest);
    this.#contents.set(id, content);
    return content;
  }

  #open(path: string): string | null {
    const opened = openRegular(path);
    if (!opened.ok) return null;
    try {
      return this.#contentOf(opened.file);
    } finally {
      closeSync(opened.file.fd);
    }
  }
}

/** Where packages and operators put programs; the Node that runs this is one of them. */
/** Where interpreters are put, and where this one is. */
export const searchPath = (): string[] => {
  const { execPath } = process;
  return [...new Set([...SYSTEM_DIRS, execPath.slice(0, execPath.lastIndexOf('/'))])];
};

const changed = (dir: string): bigint | null => {
  try {
    return statSync(dir, { bigint: true }).mtimeNs;
  } catch {
    return null;
  }
};

const list = (dir: string): string[] => {
  try {
    return readdirSync(dir).slice(0, NAMES_MAX).sort();
  } catch {
    return [];
  }
};

/** Links of directories lead to what was read already: /bin is /usr/bin on most hosts. */
const resolved = (dir: string): string => {
  try {
    return realpathSync(dir);
  } catch {
    return dir;
  }
};

/** Asked before it is opened: an operator's directory may hold anything. null: no program. */
const programId = (path: string): string | null => {
  try {
    const stat = statSync(path, { bigint: true });
    return stat.isFile() && (stat.mode & 0o111n) !== 0n ? imageIdText(imageIdOf(stat)) : null;
  } catch {
    return null;
  }
};
