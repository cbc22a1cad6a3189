import { closeSync, readSync, statSync } from 'node:fs';
import {
  stackId,
  type FileAnswer,
  type FilesFact,
  type FileTarget,
  type TlsStack,
} from '../event/index.js';
import { codeMappings, readMapsText } from './code-maps.js';
import { probedFileOf, sameFile } from './file-identity.js';
import { openExactly } from './files.js';
import { isAlive, procPath } from './procfs.js';

/** Files remembered; the oldest goes, and is known anew when it is asked for. */
const FILES_MAX = 2048;
/** Bytes at each probe that tell the code there from other code. */
const SAMPLE = 32;
/** What one look may take, of a tick of 100 ms. */
const MOST_MS = 3;

interface Known {
  /** Times and size; a write changes one of them. */
  stat: string;
  /** What stands at the probes; null: it could not be read. */
  code: string | null;
  isReplaced: boolean;
}

/** Are files with probes still what they were when they were first asked for? A descriptor kept open would hold a mount. */
export class FileWatch {
  readonly #known = new Map<string, Known>();
  #next = 0;

  constructor(private readonly nowMs = () => performance.now()) {}

  /** What is not reached in time is looked at first when it is asked for again. Never throws. */
  look(targets: readonly FileTarget[]): FilesFact {
    const untilMs = this.nowMs() + MOST_MS;
    const answers: FileAnswer[] = [];
    for (let count = 0; count < targets.length; count += 1) {
      if (count > 0 && this.nowMs() >= untilMs) break;
      const target = targets[this.#next % targets.length];
      this.#next = (this.#next + 1) % targets.length;
      const state = target === undefined ? null : this.#stateOf(target);
      if (target !== undefined && state !== null) {
        answers.push({ file: target.stack.file, state });
      }
    }
    return { fact: 'files', answers };
  }

  #stateOf({ stack, through }: FileTarget): FileAnswer['state'] | null {
    if (through !== null && !isAlive(through)) return null;
    const named = through === null ? stack.path : procPath(through.tgid, `root${stack.path}`);
    const atName = statOf(named);
    const isThere = atName !== null && sameFile(atName.id, stack.file);
    const path = isThere || through === null ? named : mappedPath(through.tgid, stack);
    const stat = isThere ? atName : path === null ? null : statOf(path);
    const id = stackId(stack);
    const known = this.#known.get(id);
    if (path !== null && stat !== null && sameFile(stat.id, stack.file)) {
      if (known === undefined) {
        this.#remember(id, { stat: stat.text, code: codeAt(path, stack), isReplaced: !isThere });
        return null;
      }
      if (known.stat !== stat.text) {
        known.stat = stat.text;
        const before = known.code;
        known.code = codeAt(path, stack);
        // What was not to be read tells nothing.
        if (before !== null && known.code !== null && before !== known.code) return 'rewritten';
      }
    }
    if (isThere || known === undefined || known.isReplaced) return null;
    known.isReplaced = true;
    return 'replaced';
  }

  #remember(id: string, known: Known): void {
    this.#known.set(id, known);
    const oldest = this.#known.keys().next();
    if (this.#known.size > FILES_MAX && oldest.done !== true) this.#known.delete(oldest.value);
  }
}

const statOf = (path: string) => {
  try {
    const stat = statSync(path, { bigint: true });
    if (!stat.isFile()) return null;
    return { id: probedFileOf(path, stat), text: `${stat.mtimeNs}:${stat.ctimeNs}:${stat.size}` };
  } catch {
    return null;
  }
};

/** A file that has lost its name is still to be had through a mapping of it. */
const mappedPath = (tgid: number, { file }: TlsStack): string | null => {
  const [mapping] = codeMappings(readMapsText(tgid) ?? '', file.inode);
  return mapping === undefined ? null : procPath(tgid, `map_files/${mapping.range}`);
};

/** null: it could not be read. */
const codeAt = (path: string, { file, sites }: TlsStack): string | null => {
  const fd = openExactly(path, file);
  if (fd === null) return null;
  const bytes = Buffer.alloc(SAMPLE);
  try {
    return sites
      .map(({ entry }) => bytes.toString('hex', 0, readSync(fd, bytes, 0, SAMPLE, entry)))
      .join(' ');
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
};
