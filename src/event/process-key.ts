/** A process is its thread group and its exact start; a pid alone is never an identity. */
export interface ProcessKey {
  readonly tgid: number;
  /** start_boottime of the thread group leader, nanoseconds. */
  readonly startNs: bigint;
}

/** A process key as a string, for maps. */
export type ProcessId = `${number}:${bigint}`;

export const processId = (key: ProcessKey): ProcessId => `${key.tgid}:${key.startNs}`;
