import { lastMessage, subscribe, WATCHFLOOR_STREAM } from '../nats/index.js';
import type { NatsLink } from '../nats/index.js';
import { cosignSubject } from '../subject/index.js';
import { MAX_NOTE_BYTES, parseCheckpoint, verifyCosignature, verifyNote } from '../tlog/index.js';
import type { VerifierKey } from '../tlog/index.js';

export interface CosignaturesOptions {
  readonly link: NatsLink;
  readonly tenant: string;
  readonly node: string;
  readonly gatewayKey: VerifierKey;
  /** Ours: a note that lost our signature on its way would be no evidence. null: not checked. */
  readonly nodeKey: VerifierKey | null;
  readonly journal: CosignedJournal;
  /** Of our own tree; null: not known. */
  readonly rootAt: (size: bigint) => Buffer | null;
  readonly onCosigned: (size: bigint) => void;
}

export interface CosignedJournal {
  readonly cosigned: bigint;
  saveCosigned(note: string, size: bigint): void;
}

export interface CosignatureStats {
  readonly accepted: number;
  /** Notes that say nothing new. */
  readonly old: number;
  readonly refused: number;
  /** Why the last one was refused. */
  readonly lastRefusal: string | null;
}

/**
 * The gateway's answers: checkpoints of ours that it cosigned. What comes is believed only with the gateway's key, our
 * origin and the root of our own tree.
 */
export class Cosignatures {
  private readonly origin: string;
  private readonly end: () => void;
  private counts = { accepted: 0, old: 0, refused: 0, lastRefusal: null as string | null };

  constructor(private readonly options: CosignaturesOptions) {
    const { link, tenant, node } = options;
    this.origin = `watchfloor.v1/${tenant}/${node}`;
    const subject = cosignSubject(tenant, node);
    this.end = subscribe(
      link,
      subject,
      (data) => {
        this.take(data);
      },
      () => {
        void this.fetch(subject);
      },
    );
  }

  stats(): CosignatureStats {
    return this.counts;
  }

  close(): void {
    this.end();
  }

  /** The last one, which may have come while there was no connection. */
  private async fetch(subject: string): Promise<void> {
    try {
      const message = await lastMessage(this.options.link, WATCHFLOOR_STREAM.name, subject);
      if (message !== null) this.take(message.data);
    } catch {
      // No stream yet, or no permission to ask: the next one comes on the subscription.
    }
  }

  private take(data: Uint8Array): void {
    const refusal = data.length > MAX_NOTE_BYTES ? 'it is too long' : this.accept(data);
    if (refusal === null) return;
    this.counts = { ...this.counts, refused: this.counts.refused + 1, lastRefusal: refusal };
  }

  /** Why not; null: accepted, or known. */
  private accept(data: Uint8Array): string | null {
    const { journal, gatewayKey, nodeKey, rootAt, onCosigned } = this.options;
    const note = Buffer.from(data).toString('utf8');
    const checkpoint = parseCheckpoint(note);
    if (checkpoint === null) return 'it is no checkpoint';
    if (checkpoint.origin !== this.origin) return 'it is of another node';
    const { size, root } = checkpoint;
    if (size <= journal.cosigned) {
      this.counts = { ...this.counts, old: this.counts.old + 1 };
      return null;
    }
    if (verifyCosignature(note, gatewayKey) === null) return 'the gateway did not sign it';
    if (nodeKey !== null && !verifyNote(note, nodeKey)) return 'this node did not sign it';
    if (rootAt(size)?.equals(root) !== true) return `its root is not ours at size ${size}`;
    try {
      journal.saveCosigned(note, size);
    } catch (error) {
      return `it cannot be saved: ${error instanceof Error ? error.message : 'unknown error'}`;
    }
    this.counts = { ...this.counts, accepted: this.counts.accepted + 1 };
    onCosigned(size);
    return null;
  }
}
