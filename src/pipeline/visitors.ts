import {
  processId,
  type ProcessFact,
  type ProcessId,
  type ProcessInfo,
  type ProcessKey,
} from '../event/index.js';
import { programOf } from '../process/index.js';
import { bareSubject, type Subject, withFact } from '../agent/index.js';

const VISITORS_MAX = 64;

/** What was looked up lately of processes that no table has: whoever asks to be known is looked up first. */
export class Visitors {
  readonly #facts = new Map<ProcessId, ProcessFact>();

  looked(fact: ProcessFact): void {
    const id = processId(fact.key);
    this.#facts.delete(id);
    if (fact.gone) return;
    const [oldest] = this.#facts.keys();
    if (oldest !== undefined && this.#facts.size >= VISITORS_MAX) this.#facts.delete(oldest);
    this.#facts.set(id, fact);
  }

  /** Who that is, as far as anything is known: what its own exec said is not overwritten. null: nothing is. */
  subjectOf(key: ProcessKey, info: ProcessInfo | null): Subject | null {
    const fact = this.#facts.get(processId(key));
    if (info === null && fact === undefined) return null;
    const bare = bareSubject(key);
    const known =
      info === null || info.exe === ''
        ? bare
        : { ...bare, exe: info.exe, exeTruncated: false, argv: info.argv, uid: info.uid };
    return fact === undefined ? known : withFact(known, fact);
  }
}

/** A process of nobody's as it was found. */
export const looksOf = (fact: ProcessFact): ProcessInfo => {
  const { key, exe = '', argv = [], cwd = '', uid = UNKNOWN_UID, container, nsPid } = fact;
  const program = programOf(exe, argv, cwd);
  return {
    pid: key.tgid,
    startNs: key.startNs,
    ppid: 0,
    ...{ uid, exe, argv, argvTruncated: false, cwd, chain: [], bootstrap: false },
    ...(container === undefined ? {} : { container }),
    ...(program === null ? {} : { program }),
    ...(nsPid === undefined ? {} : { nsPid }),
  };
};

/** (uid_t)-1: no account. */
const UNKNOWN_UID = 0xffff_ffff;
