import { processId, type KernelEvent, type ProcessId, type ProcessKey } from '../event/index.js';
import { Lineage, type ProcessTable } from '../process/index.js';

const RECHECKS_MAX = 4096;

/** The lineages of agents, and which of their processes live. */
export class Lineages {
  readonly #processes: ProcessTable;
  readonly #lineages = new Map<ProcessId, Lineage>();
  /** Members the host found gone. Believed after the next full drain, which holds whatever they did before. */
  readonly #gone = new Map<ProcessId, ProcessKey>();
  /** Of lineages that have ended. */
  #untracked = 0;

  constructor(processes: ProcessTable) {
    this.#processes = processes;
  }

  begin(root: ProcessKey, members: readonly ProcessKey[] = []): void {
    const lineage = new Lineage(root);
    for (const member of members) lineage.adopt(member);
    this.#lineages.set(processId(root), lineage);
  }

  end(root: ProcessKey): void {
    const id = processId(root);
    this.#untracked += this.#lineages.get(id)?.overflow ?? 0;
    this.#lineages.delete(id);
  }

  of(root: ProcessKey): Lineage | undefined {
    return this.#lineages.get(processId(root));
  }

  /** The lineage a process is in. */
  around(key: ProcessKey): Lineage | undefined {
    const root = this.#processes.rootOf(key);
    return root === null ? undefined : this.of(root);
  }

  isMember(key: ProcessKey): boolean {
    return this.around(key)?.has(key) === true;
  }

  /** True: it was the last process of its lineage. */
  on(event: KernelEvent, root: ProcessKey): boolean {
    const lineage = this.of(root);
    if (lineage === undefined) return false;
    lineage.on(event);
    return lineage.size === 0;
  }

  foundGone(key: ProcessKey): void {
    if (this.isMember(key)) this.#gone.set(processId(key), key);
  }

  /** Those found gone that still count as living. */
  takeGone(): readonly ProcessKey[] {
    const gone = [...this.#gone.values()].filter((key) => this.isMember(key));
    this.#gone.clear();
    return gone;
  }

  /** Members to be looked at again: their ends may have been lost. */
  suspects(): readonly ProcessKey[] {
    const members = [...this.#lineages.values()].flatMap((lineage) => lineage.members());
    return members.slice(0, RECHECKS_MAX);
  }

  stats() {
    const living = [...this.#lineages.values()].reduce((sum, { overflow }) => sum + overflow, 0);
    /** Processes of lineages too large to follow each of them. */
    return { untrackedMembers: this.#untracked + living };
  }
}
