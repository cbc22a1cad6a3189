/** One message of a record, or part of one that it shares with others. */
export interface Packed {
  readonly subject: string;
  /** Nats-Msg-Id: the same whenever the same record is sent again. */
  readonly id: string;
  readonly body: Uint8Array;
  /** Of a checkpoint: the size of the tree it signs. */
  readonly covers?: bigint;
}

/**
 * How records become the messages of one stream. A sender has one packer, a stream and a cursor of its own; the rest of
 * the way (reading, window, acks, refusals) is the same for every stream. A packer is pure: the same record gives the
 * same messages, whenever it is asked and however often. It never throws.
 */
export interface Packer {
  /** Empty: this stream has no use for the record; the cursor goes over it. */
  pack(record: Uint8Array): readonly Packed[];
  /**
   * The same record with no body above `maxBytes`, for a broker that does not take it whole; null: it cannot be made so
   * small, and waits at the head of the queue until the broker takes more.
   */
  shrink(record: Uint8Array, maxBytes: number): readonly Packed[] | null;
  /** Records that follow each other and have one subject share a message up to these limits; 1 record: none do. */
  readonly maxRecords: number;
  /** Of the bodies that share a message. */
  readonly maxBytes: number;
  /** The body of a message out of those of its records: at least one, in order. Adds at most 4 bytes each. */
  join(bodies: readonly Uint8Array[]): Uint8Array;
}
