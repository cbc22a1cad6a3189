import type { NatsLink, SenderStats, StreamCheck, StreamSpec } from '../nats/index.js';
import type { CursorFile } from './cursor-file.js';
import type { PublishEvent } from './events.js';
import type { FeedMessage } from './feed.js';
import type { Packer } from './packer.js';

export interface StreamSenderOptions {
  readonly link: NatsLink;
  readonly spec: StreamSpec;
  readonly packer: Packer;
  readonly journalDir: string;
  readonly journal: Committed;
  readonly cursor: CursorFile;
  /** Where to begin without a cursor: behind this number. */
  readonly fallback: () => bigint;
  readonly onEvent: (event: PublishEvent) => void;
  readonly onAcked?: (message: FeedMessage) => void;
  /** This connection's stream is not the one that acknowledged before. Nothing was sent to it yet. */
  readonly onReplaced?: () => void;
  readonly ackMs?: number;
  readonly stalledMs?: number;
}

/** Of the journal, what a sender needs. */
export interface Committed {
  readonly committed: bigint;
  onCommit(listener: () => void): () => void;
}

export interface StreamStats extends SenderStats {
  readonly stream: string;
  readonly check: StreamCheck['state'];
  readonly problems: readonly string[];
  /** Every record up to this number is acknowledged, or needs no message. */
  readonly ackedSeq: bigint;
  readonly backlog: bigint;
  /** Of the oldest record that is not acknowledged. */
  readonly backlogAgeMs: number;
  /** Messages that the server would not store, each try. */
  readonly rejected: number;
  readonly stubs: number;
  /** Records that were gone before they could be sent. */
  readonly missed: bigint;
  readonly stalled: boolean;
  /** Why nothing is sent now, null: nothing hinders. */
  readonly refused: string | null;
}
