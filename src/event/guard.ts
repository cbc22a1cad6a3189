import type { FileId } from './file-id.js';
import type { TlsLibrary, TlsStack } from './probe.js';
import type { ProcessKey } from './process-key.js';

/** Are the probes of a stack still in the memory of a process? */
export interface ProbeTarget {
  readonly key: ProcessKey;
  readonly stack: TlsStack;
}

/**
 * What is wrong with a probe in the memory of one process, seen from outside.
 * `restored`: the instruction of the file stands there again. `overwritten`: another one does. `patched`: the probe is
 * there, and code next to it is not that of the file. `unprobed`: the mapping is writable or shared, where the kernel
 * sets no probes.
 */
export type ProbeFlaw = 'restored' | 'overwritten' | 'patched' | 'unprobed';

export interface AlteredProbe {
  /** Of the instruction, in the file. */
  readonly offset: number;
  readonly flaw: ProbeFlaw;
}

export interface ProbesAnswer {
  readonly key: ProcessKey;
  readonly file: FileId;
  readonly library: TlsLibrary;
  /**
   * `gone`: the process ended or does not map the file. `unreadable`: its memory may not be looked at. `postponed`: the
   * time of this look was up before its turn.
   */
  readonly state: 'whole' | 'altered' | 'gone' | 'unreadable' | 'postponed';
  /** Places of probes that were looked at. */
  readonly checked: number;
  /** At most 64; of `altered` only. */
  readonly altered: readonly AlteredProbe[];
}

/** Probes seen from outside. */
export interface ProbesFact {
  readonly fact: 'probes';
  readonly answers: readonly ProbesAnswer[];
}

/** A file with probes, and a process that maps it; null: by its path. */
export interface FileTarget {
  readonly stack: TlsStack;
  readonly through: ProcessKey | null;
}

export interface FileAnswer {
  readonly file: FileId;
  /** `rewritten`: other bytes stand where the probes are. `replaced`: its path names another file now, or none. */
  readonly state: 'rewritten' | 'replaced';
}

/** Files with probes that are not what they were; those that are, are not in it. */
export interface FilesFact {
  readonly fact: 'files';
  readonly answers: readonly FileAnswer[];
}

/** How often the probes of each attached stack were hit since they were attached, by whomever. */
export interface HitsFact {
  readonly fact: 'hits';
  /** CLOCK_BOOTTIME when they were read, nanoseconds. */
  readonly bootNs: bigint;
  readonly hits: readonly {
    readonly file: FileId;
    readonly library: TlsLibrary;
    readonly calls: number;
  }[];
}
