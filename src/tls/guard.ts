import {
  type Command,
  type FileId,
  type FilesFact,
  type HitsFact,
  type ProbesFact,
  type ProcessKey,
  type TlsStack,
} from '../event/index.js';
import { FileGuard } from './guard-files.js';
import { type Mended, ProbeGuard, type Tampered } from './guard-probes.js';
import { HitGuard, type Reduced } from './guard-hits.js';

/** A stack whose probes are in place, and the live processes of agents that map it. */
export interface Guarded {
  readonly stack: TlsStack;
  readonly users: ReadonlyMap<string, ProcessKey>;
}

export interface GuardStep {
  readonly commands: readonly Command[];
  /** Probes that are not in the memory of a process any more. */
  readonly tampered: readonly Tampered[];
  /** Probes that are there again. */
  readonly mended: readonly Mended[];
  /** Stacks that were hit too often: to be detached until `resumed`. */
  readonly reduced: readonly Reduced[];
  readonly resumed: readonly TlsStack[];
  /** Files whose probes stand in other code now: to be detached and looked up again at once. */
  readonly rewritten: readonly FileId[];
  /** The name of a system library means another file now: those are to be looked up again. */
  readonly systemChanged: boolean;
}

export const NO_STEP: GuardStep = {
  commands: [],
  tampered: [],
  mended: [],
  reduced: [],
  resumed: [],
  rewritten: [],
  systemChanged: false,
};

/**
 * Whether the probes stand where they were put, in the code they were put into, and do not slow down whom they watch.
 * Asks; what becomes of the answers is for who attaches.
 */
export class Guard {
  readonly #probes = new ProbeGuard();
  readonly #hits = new HitGuard();
  readonly #files = new FileGuard();

  tick(nowNs: bigint, attached: () => readonly Guarded[]): GuardStep {
    return {
      ...NO_STEP,
      commands: [
        ...this.#probes.tick(nowNs, attached),
        ...this.#files.tick(nowNs, attached),
        ...this.#hits.tick(nowNs, attached),
      ],
      resumed: this.#hits.resume(nowNs),
    };
  }

  fact(fact: ProbesFact | FilesFact | HitsFact, attached: () => readonly Guarded[]): GuardStep {
    switch (fact.fact) {
      case 'probes':
        return { ...NO_STEP, ...this.#probes.fact(fact) };
      case 'files':
        return { ...NO_STEP, ...this.#files.fact(fact) };
      case 'hits':
        return { ...NO_STEP, reduced: this.#hits.fact(fact, attached) };
    }
  }

  /** Is this stack left without probes for a while? */
  isHeld(stack: TlsStack): boolean {
    return this.#hits.isHeld(stack);
  }

  stats() {
    return {
      ...{ probes: this.#probes.stats(), files: this.#files.stats(), hits: this.#hits.stats() },
    };
  }
}
