export interface CommittedRecord {
  readonly seq: bigint;
  /** watchfloor.v1.Record */
  readonly bytes: Uint8Array;
}

/** What the server gives out. */
export interface ReadSource {
  /** Committed records with a higher number, oldest first, up to what is committed when it comes to the end. */
  read(after: bigint): Iterable<CommittedRecord> | AsyncIterable<CommittedRecord>;
  /** Number of the last committed record, 0 when there is none. */
  last(): bigint;
  status(): unknown;
  agents(): unknown;
  /** What can be read of each TLS stack of their processes. */
  coverage(): unknown;
  /** Why the process is whose it is, at once or as a promise; null: there is no such process. */
  explain(pid: number): unknown;
}
